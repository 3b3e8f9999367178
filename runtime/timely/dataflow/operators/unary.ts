/** Operators with one input and one output, written by the program. */
import { buildOperator } from "../builder.ts";
import type { Capability, InputPort, OutputPort, Pact, TimelyStream } from "../types.ts";

type Build<D, E, T> = (initial: Capability<T>) => (input: InputPort<D, T>, output: OutputPort<E, T>) => void;

export function unary<D, E, T>(stream: TimelyStream<D, T>, pact: Pact<D>, name: string, build: Build<D, E, T>): TimelyStream<E, T> {
  return make(stream, pact, name, build, false);
}

export function unaryFrontier<D, E, T>(
  stream: TimelyStream<D, T>,
  pact: Pact<D>,
  name: string,
  build: Build<D, E, T>,
): TimelyStream<E, T> {
  return make(stream, pact, name, build, true);
}

function make<D, E, T>(
  stream: TimelyStream<D, T>,
  pact: Pact<D>,
  name: string,
  build: Build<D, E, T>,
  notify: boolean,
): TimelyStream<E, T> {
  const [result] = buildOperator<T>(stream.scope, { name, inputs: [{ stream, pact }], outputs: 1, notify }, ({ initial }) => {
    const logic = build(initial[0]!);
    return ([input], [output]) => logic(input!, output!);
  });
  return result as TimelyStream<E, T>;
}
