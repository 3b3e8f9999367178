/** The aggregates max and min: the value itself, chosen by its rank; of equal ranks the first value stays. */
import { WeirError } from "../../errors/index.ts";
import type { Ordered } from "../logic.ts";
import { show } from "../show.ts";
import type { WindowAggregate } from "./aggregate.ts";
import { down } from "./types.ts";

interface Extreme<V> {
  value: V;
  rank: Ordered;
}

/** Without `by` the values must be numbers, strings or bigints themselves. */
export function maxWindow<V>(by?: (value: V) => Ordered): WindowAggregate<V, Extreme<V>> {
  return extreme("max", by, (rank, best) => rank > best);
}
export function minWindow<V>(by?: (value: V) => Ordered): WindowAggregate<V, Extreme<V>> {
  return extreme("min", by, (rank, best) => rank < best);
}

function extreme<V>(
  kind: "max" | "min",
  by: ((value: V) => Ordered) | undefined,
  better: (rank: Ordered, best: Ordered) => boolean,
): WindowAggregate<V, Extreme<V>> {
  const rankOf = (value: V): Ordered => {
    const rank: unknown = by === undefined ? value : by(value);
    if ((typeof rank === "number" && rank === rank) || typeof rank === "string" || typeof rank === "bigint") return rank;
    const what = by === undefined ? "without by(), values" : "by()";
    throw new WeirError(
      "WEIR_BAD_RETURN",
      `${kind}: ${what} must give a number, a string or a bigint, not ${show(rank)} for ${show(value)}`,
    );
  };
  return {
    kind,
    commutes: false,
    open: (value) => ({ value, rank: rankOf(value) }),
    add(best, value) {
      const rank = rankOf(value);
      if (better(rank, best.rank)) {
        best.value = value;
        best.rank = rank;
      }
      return best;
    },
    merge: (into, from) => (better(from.rank, into.rank) ? from : into),
    close(best, windowId, events) {
      events.push([down, windowId, best.value]);
    },
    save: (best) => best.value,
    load: (saved) => ({ value: saved as V, rank: rankOf(saved as V) }),
  };
}
