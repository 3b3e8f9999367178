/**
 * Windows as a stateful step. Per chunk: the windows of each key take all values of the key at once, keys in the order of their first
 * values; then the key is asked when it wants to be woken. One reading of the run's clock serves a chunk: its values came together.
 */
import type { WindowOperation, WindowSpec } from "../graph/node.ts";
import type { Entry } from "../state/entry.ts";
import {
  atStep,
  collectWindow,
  countWindow,
  foldWindow,
  joinWindow,
  maxWindow,
  minWindow,
  reduceWindow,
  windowLogic,
  type KeyWindows,
  type WindowAggregate,
  type WindowEvents,
  type WindowMeta,
  type WindowPlan,
  type WindowState,
} from "../windows/index.ts";
import type { DriverOf } from "./driver.ts";
import { ChunkGroups } from "./chunk-groups.ts";
import { setWake } from "./logic-driver.ts";
import type { Outlet } from "./outlet.ts";

/** `metaRead` = somebody consumes the output of closed windows. */
export function windowDriver(step: string, { options, operation }: WindowSpec, sides: number, metaRead: boolean): DriverOf {
  const { clock, windower, ordered = true } = options;
  const joins = operation.kind === "join";
  return windowsDriver({ step, clock, windower, ordered, aggregate: aggregateOf(operation, sides), sides: joins }, metaRead);
}

export function windowsDriver(plan: WindowPlan<any>, metaRead = true): DriverOf {
  const build = windowLogic<any>(plan);
  return (core) => {
    const { state } = core;
    const groups = new ChunkGroups(state);
    const outputs = new Outputs(core.outlets, metaRead);

    const goOn = (entry: Entry, windows: KeyWindows<unknown>, forget: boolean, now: number): void => {
      if (forget) return state.discard(entry);
      const time = windows.wakeAt(now);
      if (time !== undefined) setWake(core, entry, time);
    };
    return {
      batch(keys, values, side, known) {
        const now = core.now();
        try {
          groups.gather(keys, plan.sides ? values.map((value) => [side, value]) : values, known);
          const { entries, next, first, count } = groups;
          for (let slot = 0; slot < groups.size; slot++) {
            const entry = entries[slot]!;
            const windows: KeyWindows<unknown> = (entry.state ??= build(undefined, now));
            outputs.key = entry.key;
            goOn(entry, windows, windows.take(outputs, now, groups.values, next, first[slot]!, count[slot]!), now);
          }
        } catch (error) {
          throw atStep(plan.step, error);
        }
      },
      notify(entry) {
        const now = core.now();
        const windows = entry.state as KeyWindows<unknown>;
        outputs.key = entry.key;
        try {
          goOn(entry, windows, windows.notify(outputs, now), now);
        } catch (error) {
          throw atStep(plan.step, error);
        }
      },
      eof(entry) {
        outputs.key = entry.key;
        try {
          if ((entry.state as KeyWindows<unknown>).eof(outputs)) state.discard(entry);
        } catch (error) {
          throw atStep(plan.step, error);
        }
      },
      snapshot: (entry) => (entry.state as KeyWindows<unknown>).snapshot(core.now()),
      revive(entry, resumed) {
        entry.state = build(resumed as WindowState, core.now());
      },
    };
  };
}

class Outputs implements WindowEvents {
  key = "";
  readonly #down: Outlet;
  readonly #late: Outlet;
  readonly meta?: (windowId: number, meta: WindowMeta) => void;

  constructor([down, late, meta]: readonly Outlet[], metaRead: boolean) {
    this.#down = down!;
    this.#late = late!;
    if (metaRead) this.meta = (windowId, windowMeta) => meta!.push(this.key, [windowId, windowMeta]);
  }
  down(windowId: number, result: unknown): void {
    this.#down.push(this.key, [windowId, result]);
  }
  late(windowId: number, value: unknown): void {
    this.#late.push(this.key, [windowId, value]);
  }
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
