/**
 * What stateful steps have in common, at the root and inside of loops: a driver with its keys, the waking of keys, and rows
 * that are recorded in slices. When an epoch is over is for the operator around it to know.
 *
 * A capability of a snapshot epoch is kept until the epoch's last row is out, while the step goes on with later epochs. While the
 * store cannot keep up, rows are not encoded: the state is in memory once, and not a second time in a queue.
 */
import { keyed, type Chunk } from "../chunk.ts";
import type { Lowering } from "../lowering.ts";
import type { StepMetrics } from "../metrics.ts";
import type { ChunkCapability, ChunkContext } from "../operator.ts";
import type { StepState } from "../state/step-state.ts";
import { Wakes } from "../state/wakes.ts";
import type { Driver, DriverOf } from "./driver.ts";
import type { Outlet } from "./outlet.ts";

export interface StatefulStep {
  readonly metrics: StepMetrics;
  readonly driver: DriverOf;
  readonly outputs: number;
  /** Records were already counted in front of the exchange. */
  readonly counted?: boolean;
}

export interface Keeper {
  readonly state: StepState;
  readonly driver: Driver;
  handle(chunk: Chunk, port: number): void;
  /** Sends what the driver has emitted. */
  flush(): void;
  /** Wakes the keys whose time has come, and asks to be run when the next one's does. */
  notifyDue(): void;
  /** Epochs from `from` until before `to` are over, and nothing was touched since the first: the one whose rows are to be recorded. */
  due(from: number, to: number): number | undefined;
  /** Begins to record the rows that are true at the close of `epoch`. Takes the capability over. */
  record(epoch: number, capability: ChunkCapability): void;
  /** Goes on recording, and forgetting the keys of partitions that have moved away. */
  recordSlice(): void;
  readonly recording: boolean;
}

export function createKeeper(
  lowering: Lowering,
  { metrics, driver: driverOf, counted = false }: StatefulStep,
  context: ChunkContext,
  outlets: readonly Outlet[],
): Keeper {
  const { runtime } = lowering;
  const { recorder, epochs } = runtime;
  const state = runtime.states.of(metrics.step);
  const wakes = new Wakes();
  const driver = driverOf({ step: metrics.step, state, wakes, outlets, now: runtime.now });
  state.attach(driver, recorder);
  if (driver.notify !== undefined) {
    // Keys that live on elsewhere must not be woken here.
    state.sweep(Infinity);
    for (const entry of state.entries.values()) {
      entry.queued = undefined;
      if (entry.wake !== undefined) wakes.set(entry, entry.wake);
    }
  }
  let recording: ChunkCapability | undefined;
  recorder.onRoom(() => {
    if (recording !== undefined) context.activate();
  });
  let armed = Infinity;
  return {
    state,
    driver,
    handle(chunk, port) {
      const { keys, values } = keyed(chunk, metrics.step);
      if (!counted) metrics.recordsIn += values.length;
      driver.batch(keys, values, port, chunk.known);
    },
    flush() {
      for (const outlet of outlets) {
        outlet.flush();
        metrics.recordsOut += outlet.records;
        outlet.records = 0;
      }
    },
    notifyDue() {
      if (driver.notify === undefined || wakes.next() === Infinity) return;
      for (const entry of wakes.due(runtime.now())) {
        if (entry.gone) continue;
        state.open(entry.key);
        entry.wake = undefined;
        driver.notify(entry);
      }
      const next = wakes.next();
      if (next === Infinity || (next === armed && armed > runtime.now())) return;
      armed = next;
      context.activateAt(next);
    },
    due(from, to) {
      if (!state.dirty) return undefined;
      for (let epoch = from; epoch < to; epoch++) if (epochs.takesSnapshot(epoch)) return epoch;
      return undefined;
    },
    record(epoch, capability) {
      state.snapshot(epoch);
      recording?.drop();
      recording = capability;
    },
    recordSlice() {
      if (state.sweeping) {
        state.sweep();
        context.activate();
      }
      if (recording === undefined || recorder.full) return;
      state.slice();
      if (state.recording) return context.activate();
      recording.drop();
      recording = undefined;
    },
    get recording() {
      return recording !== undefined;
    },
  };
}
