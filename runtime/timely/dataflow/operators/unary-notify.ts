/** An operator with one input and one output that is told when times are complete. */
import { buildOperator } from "../builder.ts";
import { Notifications } from "../notificator.ts";
import type { ScopeState } from "../scope.ts";
import type { Capability, InputPort, Notificator, OutputPort, Pact, TimelyStream } from "../types.ts";

export function unaryNotify<D, E, T>(
  stream: TimelyStream<D, T>,
  pact: Pact<D>,
  name: string,
  initial: readonly T[],
  logic: (
    input: InputPort<D, T>,
    output: OutputPort<E, T>,
    notificator: Notificator<T>,
    notified: readonly Capability<T>[],
  ) => void,
): TimelyStream<E, T> {
  const { coordinates } = stream.scope as unknown as ScopeState<T>;
  const [result] = buildOperator<T>(stream.scope, { name, inputs: [{ stream, pact }], outputs: 1, notify: true }, (context) => {
    const notifications = new Notifications<T>(name, coordinates);
    const first = context.initial[0]!;
    for (const time of initial) notifications.notifyAt(first.delayed(time));
    first.drop();
    return (inputs, [output]) => {
      logic(inputs[0]!, output!, notifications, notifications.take(inputs));
      // What was asked for behind the frontier will not be brought up by a move of it.
      if (notifications.ready(inputs)) context.runAgain();
    };
  });
  return result as TimelyStream<E, T>;
}
