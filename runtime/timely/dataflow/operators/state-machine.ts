/**
 * State per key across times. Items are applied in time order: those of a time wait until nothing earlier can arrive. A key's
 * state lives on the worker that its route names, until `fold` says that it is done.
 */
import { exchange } from "../pact.ts";
import type { TimelyStream } from "../types.ts";
import { perTime } from "./per-time.ts";

export function stateMachine<D, K, S, E, T>(
  stream: TimelyStream<D, T>,
  key: (item: D) => K,
  init: () => S,
  fold: (key: K, item: D, state: S) => { state: S; done: boolean; out: Iterable<E> },
  route: (key: K) => number,
): TimelyStream<E, T> {
  const states = new Map<K, S>();
  return perTime<D, D[], E, T>(stream, {
    name: "stateMachine",
    pact: exchange((item) => route(key(item))),
    create: () => [],
    take(waiting, batch) {
      for (let i = 0; i < batch.length; i++) waiting.push(batch[i]!);
      return waiting;
    },
    complete(waiting) {
      const out: E[] = [];
      for (const item of waiting) {
        const k = key(item);
        const result = fold(k, item, states.has(k) ? states.get(k)! : init());
        if (result.done) states.delete(k);
        else states.set(k, result.state);
        for (const given of result.out) out.push(given);
      }
      return out;
    },
  });
}
