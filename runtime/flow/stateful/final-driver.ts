/** Drivers of the steps that fold a key's values and emit once, at end of input: countFinal, foldFinal, reduceFinal, maxFinal, minFinal. */
import { generated } from "../generated.ts";
import type { Call } from "../graph/node.ts";
import type { Ordered } from "../logic.ts";
import { rankBy } from "../rank.ts";
import type { Entry } from "../state/entry.ts";
import type { DriverOf } from "./driver.ts";

type Loop = (keys: string[], values: unknown[], found: readonly (Entry | undefined)[]) => void;

/** `open` and `fold` are expressions over `value`; `fold` also over `entry.state`. */
function foldingDriver(bindings: Record<string, unknown>, open: string, fold: string): DriverOf {
  return ({ state, outlets }) => {
    const outlet = outlets[0]!;
    const source = `return function loop(keys, values, found) {
  const entries = state.entries;
  const generation = state.generation;
  for (let i = 0; i < values.length; i++) {
    const key = keys[i], value = values[i];
    let entry = found[i];
    if (entry === undefined) {
      entry = entries.get(key) ?? state.find(key);
      const known = entry !== undefined;
      if (!known) entry = state.create(key);
      if (entry.mark !== generation) state.touch(entry);
      if (!known) {
        entry.state = ${open};
        continue;
      }
    }
    entry.state = ${fold};
  }
};`;
    const loop = generated<Loop>({ ...bindings, state }, source);
    return {
      batch: (keys, values, _port, known) => loop(keys, values, state.resolve(keys, known)),
      eof(entry) {
        outlet.push(entry.key, entry.state);
        state.discard(entry);
      },
      snapshot: (entry) => entry.state,
      revive(entry, resumed) {
        entry.state = resumed;
      },
    };
  };
}

/** Counts records. With `partial`, the values are counts already. */
export function countDriver(partial: boolean): DriverOf {
  return partial ? foldingDriver({}, "value", "entry.state + value") : foldingDriver({}, "1", "entry.state + 1");
}
export function foldDriver(init: Call, folder: Call): DriverOf {
  return foldingDriver({ init, folder }, "folder(init(), value)", "folder(entry.state, value)");
}
export function reduceDriver(reducer: Call): DriverOf {
  return foldingDriver({ reducer }, "value", "reducer(entry.state, value)");
}

export function extremeDriver(extreme: Extreme): DriverOf {
  const { admit, reducer } = extreme;
  return foldingDriver({ admit, reducer }, "admit(value)", "reducer(entry.state, value)");
}

export interface Extreme {
  /** The value itself. Throws WEIR_BAD_RETURN when it has no order: a key's first value is compared with nothing. */
  readonly admit: (value: unknown) => unknown;
  /** Of equal values the first stays. Checks both, since what is reduced in front of the exchange was not admitted. */
  readonly reducer: Call;
}

export function extreme(kind: "maxFinal" | "minFinal", by: ((value: any) => Ordered) | undefined): Extreme {
  const rank = rankBy(kind, by);
  const admit = (value: unknown): unknown => {
    rank(value);
    return value;
  };
  const reducer: Call = kind === "maxFinal" ? (a, b) => (rank(b) > rank(a) ? b : a) : (a, b) => (rank(b) < rank(a) ? b : a);
  return { admit, reducer };
}
