/** The aggregates that give one value when the window closes: fold, reduce, count, collect. */
import type { WindowAggregate } from "./aggregate.ts";
import { copyState } from "./copy-state.ts";
import type { WindowEvents } from "./types.ts";

function emitState(state: unknown, windowId: number, events: WindowEvents): void {
  events.down(windowId, state);
}

export function foldWindow<V, S>(
  init: () => S,
  folder: (state: S, value: V) => S,
  merger: (into: S, from: S) => S,
): WindowAggregate<V, S> {
  return {
    kind: "fold",
    commutes: false,
    open: (value) => folder(init(), value),
    add: folder,
    merge: merger,
    close: emitState,
    save: copyState,
    load: (saved) => saved as S,
  };
}

export function reduceWindow<V>(reducer: (a: V, b: V) => V): WindowAggregate<V, V> {
  return {
    kind: "reduce",
    commutes: false,
    open: (value) => value,
    add: reducer,
    merge: reducer,
    close: emitState,
    save: copyState,
    load: (saved) => saved as V,
  };
}

export function countWindow(): WindowAggregate<unknown, number> {
  return {
    kind: "count",
    commutes: true,
    open: () => 1,
    add: (count) => count + 1,
    merge: (into, from) => into + from,
    close: emitState,
    save: (count) => count,
    load: (saved) => saved as number,
  };
}

export function collectWindow<V>(): WindowAggregate<V, V[]> {
  return {
    kind: "collect",
    commutes: false,
    open: (value) => [value],
    add(list, value) {
      list.push(value);
      return list;
    },
    merge(into, from) {
      for (const value of from) into.push(value);
      return into;
    },
    close: emitState,
    save: (list) => list.slice(),
    load: (saved) => (saved as V[]).slice(),
  };
}
