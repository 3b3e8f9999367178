/**
 * Numbers that are a key's state, for steps that change them with each record: in a column, since V8 makes a new object for each number
 * that is no small integer, and notes each time that an old entry refers to a young one.
 *
 *   entry.slot   0: the state is in `entry.state`       n: it is `column[n]`, and `entry.state` means nothing
 */
import type { Entry } from "./entry.ts";

export class Numbers {
  /** Grows: another one after `take`. */
  column = new Float64Array(16);
  /** Places that were given back: each holds the next one. 0 ends them. */
  #free = 0;
  #used = 1;

  /** Lets a number be the entry's state. */
  take(entry: Entry, value: number): void {
    let place = this.#free;
    if (place === 0) {
      place = this.#used++;
      if (place === this.column.length) {
        const grown = new Float64Array(place * 2);
        grown.set(this.column);
        this.column = grown;
      }
    } else this.#free = this.column[place]!;
    this.column[place] = value;
    entry.slot = place;
    entry.state = undefined;
  }

  /** The entry's state is no number any more. */
  release(entry: Entry): void {
    if (entry.slot === 0) return;
    this.column[entry.slot] = this.#free;
    this.#free = entry.slot;
    entry.slot = 0;
  }

  stateOf(entry: Entry): unknown {
    return entry.slot === 0 ? entry.state : this.column[entry.slot];
  }
}
