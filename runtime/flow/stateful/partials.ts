/**
 * Partial results in columns, by the numbers of their keys (KeyTable). Invariant: what is not in `begun` is empty.
 */
import { generated } from "../generated.ts";
import type { Call } from "../graph/node.ts";

export interface Partials {
  /** Numbers of keys that have a partial result, in the order in which they got one. */
  readonly begun: readonly number[];
  /** @param numbers of the values' keys @param below all of them are below it */
  gather(numbers: Int32Array, values: readonly unknown[], below: number): void;
  of(number: number): unknown;
  /** Makes all of them empty. */
  clear(): void;
}

/** How many values there are. */
export function countPartials(): Partials {
  let counts = new Float64Array(1_024);
  let begun: number[] = [];
  return {
    get begun() {
      return begun;
    },
    gather(numbers, { length }, below) {
      if (counts.length < below) {
        const grown = new Float64Array(below * 2);
        grown.set(counts);
        counts = grown;
      }
      for (let i = 0; i < length; i++) {
        const number = numbers[i]!;
        if (counts[number]!++ === 0) begun.push(number);
      }
    },
    of: (number) => counts[number],
    clear() {
      for (const number of begun) counts[number] = 0;
      begun = [];
    },
  };
}

/** Any value may be a partial result. */
const none = Symbol("none");

export function reducePartials(reducer: Call): Partials {
  const partials: unknown[] = [];
  let begun: number[] = [];
  const gather = generated<(numbers: Int32Array, values: readonly unknown[], partials: unknown[], begun: number[]) => void>(
    { reducer, none },
    `return function gather(numbers, values, partials, begun) {
  for (let i = 0; i < values.length; i++) {
    const number = numbers[i], partial = partials[number];
    if (partial !== none) partials[number] = reducer(partial, values[i]);
    else {
      partials[number] = values[i];
      begun.push(number);
    }
  }
};`,
  );
  return {
    get begun() {
      return begun;
    },
    gather(numbers, values, below) {
      while (partials.length < below) partials.push(none);
      gather(numbers, values, partials, begun);
    },
    of: (number) => partials[number],
    clear() {
      // A partial result may be large, and its key may not come again.
      for (const number of begun) partials[number] = none;
      begun = [];
    },
  };
}
