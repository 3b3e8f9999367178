/**
 * A work queue of keys. Invariant: one key is never worked on twice at a time; a key added while it is worked on is worked on
 * again afterwards; a key whose work failed comes back with growing delay until it succeeds.
 */
import { delayMs } from "./backoff.ts";

export interface WorkQueue {
  add(key: string, afterMs?: number): void;
  /** Resolves when no key waits to be worked on now and none is being worked on. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

export interface WorkQueueOptions {
  /** Keys worked on at a time; default 4. */
  readonly parallel?: number;
  readonly firstDelayMs?: number;
  readonly maxDelayMs?: number;
  readonly onError?: (key: string, error: unknown, attempt: number) => void;
}

export function createWorkQueue(work: (key: string) => Promise<void>, options: WorkQueueOptions = {}): WorkQueue {
  const parallel = options.parallel ?? 4;
  const waiting = new Set<string>();
  const active = new Set<string>();
  const failures = new Map<string, number>();
  const timers = new Map<string, { timer: NodeJS.Timeout; at: number }>();
  const idlers: (() => void)[] = [];
  let stopped = false;

  const finish = (key: string): void => {
    active.delete(key);
    pump();
    if (active.size === 0 && waiting.size === 0) for (const idler of idlers.splice(0)) idler();
  };
  const run = async (key: string): Promise<void> => {
    try {
      await work(key);
      failures.delete(key);
    } catch (error) {
      const attempt = failures.get(key) ?? 0;
      failures.set(key, attempt + 1);
      options.onError?.(key, error, attempt);
      add(key, delayMs(attempt, options.firstDelayMs ?? 20, options.maxDelayMs ?? 5000));
    }
    finish(key);
  };
  const pump = (): void => {
    if (stopped) return;
    for (const key of waiting) {
      if (active.size >= parallel) return;
      if (active.has(key)) continue;
      waiting.delete(key);
      active.add(key);
      void run(key);
    }
  };
  const add = (key: string, afterMs = 0): void => {
    if (stopped) return;
    if (afterMs > 0) {
      const at = Date.now() + afterMs;
      const earlier = timers.get(key);
      if (earlier !== undefined && earlier.at <= at) return;
      clearTimeout(earlier?.timer);
      const timer = setTimeout(() => {
        timers.delete(key);
        add(key);
      }, afterMs);
      timers.set(key, { timer, at });
      return;
    }
    waiting.add(key);
    queueMicrotask(pump);
  };

  return {
    add,
    idle: () => (active.size === 0 && waiting.size === 0 ? Promise.resolve() : new Promise((done) => idlers.push(done))),
    async stop() {
      stopped = true;
      waiting.clear();
      for (const { timer } of timers.values()) clearTimeout(timer);
      timers.clear();
      if (active.size > 0) await new Promise<void>((done) => idlers.push(done));
    },
  };
}
