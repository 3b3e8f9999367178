import type { EpochClock } from "../flow/runtime.ts";
import type { Tick } from "./messages.ts";

/** The worker's side of the epoch ticker: remembers which epochs take snapshots and tells sources. */
export interface TickedClock extends EpochClock {
  tick(tick: Tick): void;
  release(epoch: number): void;
  /** Snapshot epochs that this worker has not yet been seen to pass, oldest first. */
  readonly pendingSnapshots: number[];
}

export function createEpochClock(options: {
  startEpoch: number;
  perBatch: boolean;
  onEndBatch: (epoch: number) => void;
}): TickedClock {
  const listeners: (() => void)[] = [];
  /** Kept a while after they are passed: an operator may ask late. */
  const snapshots = new Set<number>();
  const pendingSnapshots: number[] = [];
  let current = options.startEpoch;
  let draining = false;
  let held = false;
  const notify = (): void => {
    for (const listener of listeners) listener();
  };
  return {
    get current() {
      return current;
    },
    get draining() {
      return draining;
    },
    get held() {
      return held;
    },
    perBatch: options.perBatch,
    pendingSnapshots,
    onTick(listener) {
      listeners.push(listener);
    },
    takesSnapshot: (epoch) => snapshots.has(epoch),
    endBatch() {
      held = true;
      options.onEndBatch(current);
    },
    tick(tick) {
      current = tick.epoch;
      draining = tick.draining;
      if (tick.snapshot) {
        snapshots.add(tick.epoch - 1);
        pendingSnapshots.push(tick.epoch - 1);
        for (const old of snapshots) if (old < tick.epoch - 1000) snapshots.delete(old);
      }
      if (options.perBatch) held = true;
      notify();
    },
    release(epoch) {
      if (epoch < current) return;
      held = false;
      notify();
    },
  };
}
