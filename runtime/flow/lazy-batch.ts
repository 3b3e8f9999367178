/**
 * A batch whose records are made when they are read, by their number. A chain of stateless steps behind the source calls `make` from its
 * own loop, where V8 inlines it: nothing is written into an array first to be read again. Whoever else reads the batch makes an
 * array of it. Each record is made once, before the source is asked again.
 */
import { refuseOption } from "./option-checks.ts";
import { show } from "./show.ts";

export class LazyBatch<T = unknown> implements Iterable<T> {
  readonly first: number;
  readonly length: number;
  readonly make: (index: number) => T;

  constructor(first: number, length: number, make: (index: number) => T) {
    this.first = first;
    this.length = length;
    this.make = make;
  }

  /** As of an array: records from `from` up to, and not including, `to`. */
  slice(from: number, to = this.length): LazyBatch<T> {
    return new LazyBatch(this.first + from, Math.min(to, this.length) - from, this.make);
  }

  toArray(): T[] {
    const { first, length, make } = this;
    // oxlint-disable-next-line unicorn/no-new-array -- growing it would take as long as filling it
    const records = new Array<T>(length);
    for (let i = 0; i < length; i++) records[i] = make(first + i);
    return records;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.toArray()[Symbol.iterator]();
  }
}

/** What a source has given. */
export type Batch = unknown[] | LazyBatch;

/**
 * For `nextBatch` of a source that can make records by number, `first`, `first + 1`, … up to `length` of them. `make` should be one
 * function for all batches of a part, so that the flow's loop has it compiled in; it is called once per record. Throws
 * WEIR_FLOW_OPTION for what is no integer, no number of records or no function.
 */
export function lazyBatch<T>(first: number, length: number, make: (index: number) => T): Iterable<T> {
  if (!Number.isSafeInteger(first)) refuseOption("lazyBatch", "first", "an integer", show(first));
  if (!Number.isSafeInteger(length) || length < 0)
    refuseOption("lazyBatch", "length", "an integer that is not negative", show(length));
  if (typeof make !== "function") refuseOption("lazyBatch", "make", "a function", show(make));
  return new LazyBatch(small(first), small(length), make);
}

/**
 * The same integer, as V8 keeps small ones: a number out of an array that also has fractions or large numbers, or out of Math.min, may be kept
 * as a fraction, and then so is all that is computed from it, several times as slowly.
 */
const small = (integer: number): number => ((integer | 0) === integer ? integer | 0 : integer);
