/** One key of a windowed step under a system clock that the test sets: the step's own driver, called as the step does. */
import { pack, unpack } from "msgpackr";
import type { Driver } from "../../../runtime/flow/stateful/driver.ts";
import { Outlet } from "../../../runtime/flow/stateful/outlet.ts";
import { windowsDriver } from "../../../runtime/flow/stateful/window-driver.ts";
import type { Entry } from "../../../runtime/flow/state/entry.ts";
import { StepState } from "../../../runtime/flow/state/step-state.ts";
import { Wakes } from "../../../runtime/flow/state/wakes.ts";
import {
  type Clock,
  type KeyWindows,
  type WindowAggregate,
  type WindowPlan,
  type WindowState,
  type Windower,
  countWindow,
  eventClock,
} from "../../../runtime/flow/windows/index.ts";

export interface OneKey<V> {
  now: number;
  readonly down: (readonly [number, unknown])[];
  readonly late: (readonly [number, unknown])[];
  readonly meta: (readonly [number, unknown])[];
  batch(...values: V[]): void;
  /** Sets the system clock and wakes the key if it asked for it. */
  advanceTo(now: number): void;
  eof(): void;
  /** A snapshot, encoded and decoded, and a new logic from it. */
  rebuild(): void;
  wakeAt(): number | undefined;
  alive(): boolean;
  snapshot(): WindowState;
}

export interface OneKeyOptions<V> {
  windower: Windower;
  aggregate: WindowAggregate<any, any>;
  clock?: Clock<V>;
  ordered?: boolean;
  sides?: boolean;
}

export interface Timed {
  readonly at: number;
  readonly name: string;
}
export const timed = (waitMs: number): Clock<Timed> => eventClock<Timed>({ timestamp: (value) => value.at, waitMs });
export const v = (at: number, name = String(at)): Timed => ({ at, name });

export function oneKey<V>(options: OneKeyOptions<V>): OneKey<V> {
  const { windower, aggregate, ordered = true, sides = false } = options;
  const clock: Clock<any> = options.clock ?? timed(0);
  const driverOf = windowsDriver({ step: "win", clock, windower, aggregate, ordered, sides });
  const [down, late, meta]: (readonly [number, unknown])[][] = [[], [], []];
  const outlets = [down!, late!, meta!].map((events) => new Outlet((_keys, values) => void events.push(...(values as never[]))));
  let state: StepState;
  let wakes: Wakes;
  let driver: Driver;
  const begin = (): void => {
    state = new StepState("win", () => 0);
    wakes = new Wakes();
    driver = driverOf({ step: "win", state, wakes, outlets, now: () => key.now });
    state.attach(driver, { enabled: false, state() {} } as never);
  };
  const entry = (): Entry | undefined => state.entries.get("k");
  const windows = (): KeyWindows<V> => entry()!.state as KeyWindows<V>;
  const flush = (): void => outlets.forEach((outlet) => outlet.flush());
  const key: OneKey<V> = {
    now: 0,
    down: down!,
    late: late!,
    meta: meta!,
    batch(...values) {
      // The driver gives values their side; here they come with it.
      if (sides) for (const [side, value] of values as [number, unknown][]) driver.batch(["k"], [value], side);
      else driver.batch(Array<string>(values.length).fill("k"), values, 0);
      flush();
    },
    advanceTo(now) {
      key.now = now;
      for (let calls = 0; wakes.next() <= now; calls++) {
        if (calls > 2) throw new Error(`the key spins: it asks to be woken at ${wakes.next()}, and it is ${now}`);
        for (const due of wakes.due(now)) {
          due.wake = undefined;
          driver.notify!(due);
        }
      }
      flush();
    },
    eof() {
      if (entry() !== undefined) driver.eof!(entry()!);
      flush();
    },
    rebuild() {
      if (entry() === undefined) return;
      const kept = unpack(pack(driver.snapshot(entry()!))) as WindowState;
      begin();
      const anew = state.open("k");
      driver.revive(anew, kept);
      const wake = windows().wakeAt(key.now);
      if (wake !== undefined) wakes.set(anew, wake);
    },
    wakeAt: () => entry()?.wake,
    alive: () => entry() !== undefined,
    snapshot: () => driver.snapshot(entry()!) as WindowState,
  };
  begin();
  return key;
}

/** A plan of `windower` that counts, for logics that are built without a flow. */
export function countingPlan(windower: Windower): WindowPlan<any> {
  return { step: "win", clock: timed(0), windower, aggregate: countWindow(), ordered: true, sides: false };
}
