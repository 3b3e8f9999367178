/** What `max`, `min` and their `…Final` kin compare values by: `by(value)`, or the value itself. */
import { WeirError } from "../errors/index.ts";
import type { Ordered } from "./logic.ts";
import { show } from "./show.ts";

/** `kind` is the operation's name, for messages. The function throws WEIR_BAD_RETURN for what has no order, NaN too. */
export function rankBy(kind: string, by: ((value: any) => Ordered) | undefined): (value: unknown) => Ordered {
  return (value) => {
    const rank: unknown = by === undefined ? value : by(value);
    if ((typeof rank === "number" && rank === rank) || typeof rank === "string" || typeof rank === "bigint") return rank;
    const what = by === undefined ? "without by(), values" : "by()";
    throw new WeirError(
      "WEIR_BAD_RETURN",
      `${kind}: ${what} must give a number, a string or a bigint, not ${show(rank)} for ${show(value)}`,
    );
  };
}
