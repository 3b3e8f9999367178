/** One key of a windowed step under a system clock that the test sets: calls the logic as a stateful step does. */
import { pack, unpack } from "msgpackr";
import type { Outcome, StatefulBatchLogic } from "../../../runtime/flow/logic.ts";
import {
  type Clock,
  type WindowAggregate,
  type WindowEvent,
  type WindowState,
  type Windower,
  eventClock,
  windowLogic,
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
  const key = { now: 0, down: [], late: [], meta: [] } as unknown as OneKey<V> & {
    down: unknown[];
    late: unknown[];
    meta: unknown[];
  };
  const build = windowLogic<V>({ step: "win", clock: options.clock ?? (timed(0) as Clock<any>), now: () => key.now, ...options });
  let logic: StatefulBatchLogic<V, WindowEvent, WindowState> | undefined;
  let wake: number | undefined;

  const take = (outcome: Outcome<WindowEvent> | void): void => {
    for (const [kind, id, payload] of outcome?.emit ?? []) [key.down, key.late, key.meta][kind]!.push([id, payload] as never);
    if (outcome?.discard === true) {
      logic = undefined;
      wake = undefined;
      return;
    }
    wake = logic!.notifyAt!() ?? wake;
  };
  key.batch = (...values) => {
    logic ??= build(undefined);
    take(logic.onBatch(values));
  };
  key.advanceTo = (now) => {
    key.now = now;
    for (let calls = 0; wake !== undefined && wake <= key.now; calls++) {
      if (calls > 2) throw new Error(`the logic spins: it asks to be woken at ${wake}, and it is ${key.now}`);
      wake = undefined;
      take(logic!.onNotify!());
    }
  };
  key.eof = () => {
    if (logic !== undefined) take(logic.onEof!());
  };
  key.rebuild = () => {
    if (logic === undefined) return;
    logic = build(unpack(pack(logic.snapshot())) as WindowState);
    wake = logic.notifyAt!();
  };
  key.wakeAt = () => wake;
  key.alive = () => logic !== undefined;
  key.snapshot = () => logic!.snapshot();
  return key;
}
