/** Operators that answer each batch with one of their own at the same time, and keep nothing. */
import { buildOperator } from "../builder.ts";
import { pipeline } from "../pact.ts";
import type { ChannelPact, MessageCapability, OperatorOutput } from "../operator-types.ts";
import type { TimelyStream } from "../types.ts";

export function transform<D, E, T>(
  stream: TimelyStream<D, T>,
  name: string,
  batchOf: (batch: readonly D[], time: T) => readonly E[],
  pact: ChannelPact<D> = pipeline,
): TimelyStream<E, T> {
  const [result] = buildOperator<T>(stream.scope, { name, inputs: [{ stream, pact }], outputs: 1, initial: false }, () => {
    let output: OperatorOutput<E, T>;
    const answer = (at: MessageCapability<T>, batch: readonly D[]): void => output.giveBatch(at, batchOf(batch, at.time));
    return ([input], [port]) => {
      output = port!;
      input!.forEach(answer);
    };
  });
  return result as TimelyStream<E, T>;
}
