/** Moves items to a later time and holds them until what came before that time is through. */
import { buildOperator } from "../builder.ts";
import { lessEqual, type Time } from "../../progress/index.ts";
import { notAfter, requireTime } from "../misuse.ts";
import { Notifications } from "../notificator.ts";
import { pipeline } from "../pact.ts";
import type { MessageCapability } from "../operator-types.ts";
import type { ScopeState } from "../scope.ts";
import { createTimeMap } from "../time-map.ts";
import type { TimelyStream } from "../types.ts";

export function delay<D, T>(stream: TimelyStream<D, T>, timeOf: (item: D, time: T) => T): TimelyStream<D, T> {
  const { coordinates } = stream.scope as unknown as ScopeState<T>;
  const spec = { name: "delay", inputs: [{ stream, pact: pipeline }], outputs: 1, initial: false, notify: true };
  const [result] = buildOperator<T>(stream.scope, spec, () => {
    const held = createTimeMap<T, D[]>();
    const notifications = new Notifications<T>("delay", coordinates);
    const sort = (at: MessageCapability<T>, batch: readonly D[]): void => {
      for (let i = 0; i < batch.length; i++) {
        const item = batch[i]!;
        const time = timeOf(item, at.time);
        requireTime(time, coordinates, "delay");
        if (!lessEqual(at.time as Time, time as Time)) throw notAfter("WEIR_TIMELY_TIME", "delay", time as Time, at.time as Time);
        const items = held.at(time, () => {
          const capability = at.retain();
          capability.downgrade(time);
          notifications.notifyAt(capability);
          return [];
        });
        items.push(item);
      }
    };
    return (inputs, [output]) => {
      inputs[0]!.forEach(sort);
      for (const capability of notifications.take(inputs)) {
        output!.giveBatch(capability, held.take(capability.time)!);
        capability.drop();
      }
    };
  });
  return result as TimelyStream<D, T>;
}
