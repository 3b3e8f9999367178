/**
 * Keys of work to do. A key is in the queue at most once, and never given out while it is being worked on: what arrives
 * meanwhile is done once more afterwards. First come, first served. Failures come back later and later.
 *
 *   add ──► waiting ──► take ──► working ──► done ──► (waiting again, when it was added meanwhile)
 *   addAfter ──► delayed ──┘ (the earliest time wins)
 */
import { backoff, type BackoffOptions } from "./backoff.ts";
import type { Clock } from "./clock.ts";

export interface WorkQueueObserver {
  onAdd?(): void;
  onRetry?(): void;
  /** Milliseconds from being added to being given out. */
  onTake?(waitedMs: number): void;
  onDone?(workedMs: number): void;
}

export interface WorkQueue {
  add(key: string): void;
  addAfter(key: string, delayMs: number): void;
  /** Adds the key after its own backoff, which grows until `forget`. */
  addRateLimited(key: string): void;
  forget(key: string): void;
  failures(key: string): number;
  /** The next key, as soon as there is one; undefined once the queue is closed. */
  take(): Promise<string | undefined>;
  /** To be called for each key taken. */
  done(key: string): void;
  close(): void;
  readonly length: number;
  readonly working: number;
}

const standardBackoff: BackoffOptions = { baseMs: 100, mostMs: 30_000 };

export function createWorkQueue(clock: Clock, options: { backoff?: BackoffOptions; observer?: WorkQueueObserver } = {}): WorkQueue {
  const delays = options.backoff ?? standardBackoff;
  const { observer } = options;
  const waiting = new Map<string, number>();
  const working = new Map<string, number>();
  const again = new Set<string>();
  const delayed = new Map<string, { at: number; cancel: () => void }>();
  const failed = new Map<string, number>();
  const takers: ((key: string | undefined) => void)[] = [];
  let closed = false;

  const give = (): void => {
    while (takers.length > 0 && waiting.size > 0) {
      const [key, addedAt] = waiting.entries().next().value!;
      waiting.delete(key);
      working.set(key, clock.now());
      observer?.onTake?.(clock.now() - addedAt);
      takers.shift()!(key);
    }
  };
  const add = (key: string): void => {
    if (closed || waiting.has(key)) return;
    delayed.get(key)?.cancel();
    delayed.delete(key);
    if (working.has(key)) {
      again.add(key);
      return;
    }
    observer?.onAdd?.();
    waiting.set(key, clock.now());
    give();
  };
  const addAfter = (key: string, delayMs: number): void => {
    if (closed) return;
    if (delayMs <= 0) return add(key);
    const at = clock.now() + delayMs;
    const present = delayed.get(key);
    if (waiting.has(key) || (present !== undefined && present.at <= at)) return;
    present?.cancel();
    const cancel = clock.after(delayMs, () => {
      delayed.delete(key);
      add(key);
    });
    delayed.set(key, { at, cancel });
  };

  return {
    add,
    addAfter,
    addRateLimited: (key) => {
      const failures = (failed.get(key) ?? 0) + 1;
      failed.set(key, failures);
      observer?.onRetry?.();
      addAfter(key, backoff(failures, delays));
    },
    forget: (key) => void failed.delete(key),
    failures: (key) => failed.get(key) ?? 0,
    take: () =>
      new Promise((resolve) => {
        if (closed) return resolve(undefined);
        takers.push(resolve);
        give();
      }),
    done: (key) => {
      const since = working.get(key);
      if (since === undefined) return;
      working.delete(key);
      observer?.onDone?.(clock.now() - since);
      if (again.delete(key)) add(key);
    },
    close: () => {
      closed = true;
      for (const { cancel } of delayed.values()) cancel();
      delayed.clear();
      waiting.clear();
      for (const taker of takers.splice(0)) taker(undefined);
    },
    get length() {
      return waiting.size;
    },
    get working() {
      return working.size;
    },
  };
}
