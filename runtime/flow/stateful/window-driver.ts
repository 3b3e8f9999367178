/** Windows as a stateful step: the logic of windows/ per key, its events split into the outputs down, late and meta. */
import type { WindowOperation, WindowSpec } from "../graph/node.ts";
import {
  collectWindow,
  countWindow,
  foldWindow,
  joinWindow,
  maxWindow,
  minWindow,
  reduceWindow,
  windowLogic,
  type WindowAggregate,
  type WindowEvent,
} from "../windows/index.ts";
import type { DriverOf } from "./driver.ts";
import { batchDriver } from "./logic-driver.ts";

export function windowDriver(step: string, { options, operation }: WindowSpec, sides: number, now: () => number): DriverOf {
  const joins = operation.kind === "join";
  const { clock, windower, ordered } = options;
  const build = windowLogic<any>({ step, clock, windower, ordered, aggregate: aggregateOf(operation, sides), sides: joins, now });
  const driver = batchDriver(
    build,
    ({ outlets }) =>
      (key, event: WindowEvent) =>
        outlets[event[0]]!.push(key, [event[1], event[2]]),
  );
  if (!joins) return driver;
  return (core) => {
    const inner = driver(core);
    return {
      ...inner,
      batch: (keys, values, side) =>
        inner.batch(
          keys,
          values.map((value) => [side, value]),
          side,
        ),
    };
  };
}

function aggregateOf(operation: WindowOperation, sides: number): WindowAggregate<any, any> {
  switch (operation.kind) {
    case "fold":
      return foldWindow(operation.init as never, operation.folder as never, operation.merger as never);
    case "reduce":
      return reduceWindow(operation.reducer as never);
    case "count":
      return countWindow();
    case "collect":
      return collectWindow();
    case "max":
      return maxWindow(operation.by as never);
    case "min":
      return minWindow(operation.by as never);
    case "join":
      return joinWindow(sides, operation);
    default:
      return operation satisfies never;
  }
}
