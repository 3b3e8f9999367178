/** Folds items per key inside one time; a key's fold runs on the worker that its route names. */
import { exchange } from "../pact.ts";
import type { TimelyStream } from "../types.ts";
import { perTime } from "./per-time.ts";

export function aggregate<D, K, S, E, T>(
  stream: TimelyStream<D, T>,
  key: (item: D) => K,
  init: () => S,
  fold: (state: S, item: D, key: K) => S,
  emit: (key: K, state: S) => E,
  route: (key: K) => number,
): TimelyStream<E, T> {
  return perTime<D, Map<K, S>, E, T>(stream, {
    name: "aggregate",
    pact: exchange((item) => route(key(item))),
    create: () => new Map(),
    take(states, batch) {
      for (let i = 0; i < batch.length; i++) {
        const item = batch[i]!;
        const k = key(item);
        const state = states.has(k) ? states.get(k)! : init();
        states.set(k, fold(state, item, k));
      }
      return states;
    },
    complete: (states) => Array.from(states, ([k, state]) => emit(k, state)),
  });
}
