/** Deals items out to several streams. */
import { WeirError } from "../../../errors/index.ts";
import { buildOperator } from "../builder.ts";
import { graphError } from "../misuse.ts";
import { pipeline } from "../pact.ts";
import type { MessageCapability, OperatorOutput } from "../operator-types.ts";
import type { TimelyStream } from "../types.ts";

export function partition<D, T>(
  stream: TimelyStream<D, T>,
  parts: number,
  route: (item: D) => readonly [part: number, item: D],
): TimelyStream<D, T>[] {
  if (!Number.isSafeInteger(parts) || parts < 0) throw graphError(`partition: ${parts} is no number of parts`);
  const spec = { name: "partition", inputs: [{ stream, pact: pipeline }], outputs: parts, initial: false };
  return buildOperator<T>(stream.scope, spec, () => {
    let outputs: readonly OperatorOutput<D, T>[];
    const deal = (at: MessageCapability<T>, batch: readonly D[]): void => {
      const dealt: D[][] = Array.from({ length: parts }, () => []);
      for (let i = 0; i < batch.length; i++) {
        const [part, item] = route(batch[i]!);
        const target = dealt[part];
        if (target === undefined)
          throw new WeirError("WEIR_TIMELY_ROUTE", `partition: there is no part ${String(part)} among ${parts}`);
        target.push(item);
      }
      for (let part = 0; part < parts; part++) outputs[part]!.giveBatch(at, dealt[part]!);
    };
    return ([input], ports) => {
      outputs = ports;
      input!.forEach(deal);
    };
  });
}
