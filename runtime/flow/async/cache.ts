/** The cache of enrichCached: per worker and step, filled by a getter, without bound. An entry lives until it is older than `ttlMs`. */
import { isPromise } from "../input/part-reader.ts";
import type { Awaitable } from "../source.ts";

interface Cached {
  readonly value: Awaitable<unknown>;
  readonly at: number;
}

export interface Cache {
  /** Reads the clock, once for the records that follow. */
  refresh(): void;
  get(key: unknown): Awaitable<unknown>;
}

export function createCache(getter: (key: unknown) => Awaitable<unknown>, ttlMs: number, clock: () => number): Cache {
  const entries = new Map<unknown, Cached>();
  let now = clock();
  return {
    refresh() {
      now = clock();
    },
    get(key) {
      const found = entries.get(key);
      if (found !== undefined && now - found.at <= ttlMs) return found.value;
      const value = getter(key);
      const made: Cached = { value, at: now };
      entries.set(key, made);
      if (isPromise(value)) {
        // Later readers are spared the promise; a failure is not kept, and reaches whoever asked.
        value.then(
          (result) => {
            if (entries.get(key) === made) entries.set(key, { value: result, at: made.at });
          },
          () => {
            if (entries.get(key) === made) entries.delete(key);
          },
        );
      }
      return value;
    },
  };
}
