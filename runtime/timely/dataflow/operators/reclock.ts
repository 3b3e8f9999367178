/**
 * Holds data until a clock stream reaches its time: at a tick of time t all data of times at or before t goes on at time t. What
 * no tick reaches is never released. Data takes the times of ticks, so only ticks hold capabilities.
 */
import { buildOperator } from "../builder.ts";
import { lessEqual, type Time } from "../../progress/index.ts";
import { Notifications } from "../notificator.ts";
import { pipeline } from "../pact.ts";
import type { MessageCapability } from "../operator-types.ts";
import type { ScopeState } from "../scope.ts";
import { createTimeMap } from "../time-map.ts";
import type { TimelyStream } from "../types.ts";

export function reclock<D, T>(stream: TimelyStream<D, T>, clock: TimelyStream<null, T>): TimelyStream<D, T> {
  const { coordinates } = stream.scope as unknown as ScopeState<T>;
  const inputs = [
    { stream, pact: pipeline },
    { stream: clock, pact: pipeline },
  ];
  const [result] = buildOperator<T>(stream.scope, { name: "reclock", inputs, outputs: 1, initial: false, notify: true }, () => {
    const stash = createTimeMap<T, D[]>();
    const ticks = new Notifications<T>("reclock", coordinates);
    const keep = (at: MessageCapability<T>, batch: readonly D[]): void => {
      const items = stash.at(at.time, () => []);
      for (let i = 0; i < batch.length; i++) items.push(batch[i]!);
    };
    const tick = (at: MessageCapability<T>): void => ticks.notifyAt(at.retain());
    return (ports, [output]) => {
      ports[0]!.forEach(keep);
      ports[1]!.forEach(tick);
      for (const capability of ticks.take(ports)) {
        for (const [, items] of stash.takeWhere((time) => lessEqual(time as Time, capability.time as Time)))
          output!.giveBatch(capability, items);
        capability.drop();
      }
    };
  });
  return result as TimelyStream<D, T>;
}
