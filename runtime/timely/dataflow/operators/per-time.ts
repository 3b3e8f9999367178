/**
 * Operators that gather what arrives per time and answer once the time is complete: each open time has a state and holds one
 * capability; when no input can bring the time any more the state is handed over, in time order.
 */
import { buildOperator } from "../builder.ts";
import { Notifications } from "../notificator.ts";
import type { ChannelPact, MessageCapability, OperatorOutput } from "../operator-types.ts";
import type { ScopeState } from "../scope.ts";
import { createTimeMap } from "../time-map.ts";
import type { Capability, TimelyStream } from "../types.ts";

export interface PerTime<D, S, E, T> {
  readonly name: string;
  readonly pact: ChannelPact<D>;
  create(): S;
  /** Takes a batch in and returns the new state. */
  take(state: S, batch: readonly D[]): S;
  /** What to send at the time, now that it is complete. */
  complete(state: S, time: T): readonly E[];
}

export function perTime<D, S, E, T>(stream: TimelyStream<D, T>, spec: PerTime<D, S, E, T>): TimelyStream<E, T> {
  const { name, pact } = spec;
  const { coordinates } = stream.scope as unknown as ScopeState<T>;
  const operator = { name, inputs: [{ stream, pact }], outputs: 1, initial: false, notify: true };
  const [result] = buildOperator<T>(stream.scope, operator, () => {
    const open = createTimeMap<T, { state: S }>();
    const notifications = new Notifications<T>(name, coordinates);
    const gather = (at: MessageCapability<T>, batch: readonly D[]): void => {
      const entry = open.at(at.time, () => {
        notifications.notifyAt(at.retain());
        return { state: spec.create() };
      });
      entry.state = spec.take(entry.state, batch);
    };
    const finish = (output: OperatorOutput<E, T>, capability: Capability<T>): void => {
      const entry = open.take(capability.time)!;
      output.giveBatch(capability, spec.complete(entry.state, capability.time));
      capability.drop();
    };
    return (inputs, [output]) => {
      inputs[0]!.forEach(gather);
      for (const capability of notifications.take(inputs)) finish(output!, capability);
    };
  });
  return result as TimelyStream<E, T>;
}
