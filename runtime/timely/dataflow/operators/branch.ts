/** Splits a stream in two by a predicate. */
import { buildOperator } from "../builder.ts";
import { pipeline } from "../pact.ts";
import type { MessageCapability, OperatorOutput } from "../operator-types.ts";
import type { TimelyStream } from "../types.ts";

export function branch<D, T>(
  stream: TimelyStream<D, T>,
  f: (time: T, item: D) => boolean,
): { trues: TimelyStream<D, T>; falses: TimelyStream<D, T> } {
  const spec = { name: "branch", inputs: [{ stream, pact: pipeline }], outputs: 2, initial: false };
  const [trues, falses] = buildOperator<T>(stream.scope, spec, () => {
    let outputs: readonly OperatorOutput<D, T>[];
    const split = (at: MessageCapability<T>, batch: readonly D[]): void => {
      const yes: D[] = [];
      const no: D[] = [];
      for (let i = 0; i < batch.length; i++) (f(at.time, batch[i]!) ? yes : no).push(batch[i]!);
      outputs[0]!.giveBatch(at, yes);
      outputs[1]!.giveBatch(at, no);
    };
    return ([input], ports) => {
      outputs = ports;
      input!.forEach(split);
    };
  });
  return { trues: trues!, falses: falses! };
}
