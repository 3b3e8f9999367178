/** Operators with two inputs and one output, written by the program. */
import { buildOperator } from "../builder.ts";
import type { Capability, InputPort, OutputPort, Pact, TimelyStream } from "../types.ts";

type Logic<D, D2, E, T> = (left: InputPort<D, T>, right: InputPort<D2, T>, output: OutputPort<E, T>) => void;
type Build<D, D2, E, T> = (initial: Capability<T>) => Logic<D, D2, E, T>;

export function binary<D, D2, E, T>(
  left: TimelyStream<D, T>,
  right: TimelyStream<D2, T>,
  leftPact: Pact<D>,
  rightPact: Pact<D2>,
  name: string,
  build: Build<D, D2, E, T>,
): TimelyStream<E, T> {
  return make(left, right, leftPact, rightPact, name, build, false);
}

export function binaryFrontier<D, D2, E, T>(
  left: TimelyStream<D, T>,
  right: TimelyStream<D2, T>,
  leftPact: Pact<D>,
  rightPact: Pact<D2>,
  name: string,
  build: Build<D, D2, E, T>,
): TimelyStream<E, T> {
  return make(left, right, leftPact, rightPact, name, build, true);
}

function make<D, D2, E, T>(
  left: TimelyStream<D, T>,
  right: TimelyStream<D2, T>,
  leftPact: Pact<D>,
  rightPact: Pact<D2>,
  name: string,
  build: Build<D, D2, E, T>,
  notify: boolean,
): TimelyStream<E, T> {
  const inputs = [
    { stream: left, pact: leftPact },
    { stream: right, pact: rightPact },
  ];
  const [result] = buildOperator<T>(left.scope, { name, inputs, outputs: 1, notify }, ({ initial }) => {
    const logic = build(initial[0]!);
    return ([first, second], [output]) => logic(first!, second!, output!);
  });
  return result as TimelyStream<E, T>;
}
