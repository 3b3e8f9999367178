/** All items of several streams, in no particular order between them. */
import { buildOperator } from "../builder.ts";
import { pipeline } from "../pact.ts";
import type { MessageCapability, OperatorOutput } from "../operator-types.ts";
import type { Scope, TimelyStream } from "../types.ts";

export function concatenate<D, T>(scope: Scope<T>, streams: readonly TimelyStream<D, T>[]): TimelyStream<D, T> {
  const inputs = streams.map((stream) => ({ stream, pact: pipeline }));
  const [result] = buildOperator<T>(scope, { name: "concatenate", inputs, outputs: 1, initial: false }, () => {
    let output: OperatorOutput<D, T>;
    const pass = (at: MessageCapability<T>, batch: readonly D[]): void => output.giveBatch(at, batch);
    return (ports, [port]) => {
      output = port!;
      for (let i = 0; i < ports.length; i++) ports[i]!.forEach(pass);
    };
  });
  return result as TimelyStream<D, T>;
}
