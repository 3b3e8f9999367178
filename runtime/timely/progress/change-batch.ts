/**
 * Changes of pointstamp counts that one worker has made and not reported yet. They leave together, so that consuming an input
 * and acquiring the capability or message that results from it are one event for everybody else.
 *
 * An update looks for its entry among the newest few of its location, through a chain, and else adds one:
 *
 *   #last[location] -> entry -> #previous[entry] -> …
 *
 * Entries of one location and time that were not found this way, and those that have come to zero, are dealt with by `compact`:
 * it is called before the batch is read, and whenever the batch has doubled, so that a batch held back stays as small as what it says.
 */
import { compareTimes, sameTime, type Time } from "./time.ts";

/** Entries that an update looks at: more than most locations ever have. */
const looks = 16;
/** Entries that are not worth tidying up. */
const few = 64;

export class ChangeBatch {
  readonly #locations: number[] = [];
  readonly #times: Time[] = [];
  readonly #differences: number[] = [];
  readonly #previous: number[] = [];
  readonly #last: number[] = [];
  #length = 0;
  /** Entries with a difference other than zero. */
  #nonzero = 0;
  /** Whether two entries may be of the same location and time. */
  #ambiguous = false;
  #compactAt = few;

  /** Whether it says nothing. True as well for changes that cancel out, once it has been compacted. */
  get isEmpty(): boolean {
    return this.#nonzero === 0;
  }

  /** Changes, once it has been compacted. */
  get size(): number {
    return this.#nonzero;
  }

  update(location: number, time: Time, difference: number): void {
    const last = this.#last;
    while (last.length <= location) last.push(-1);
    let entry = last[location]!;
    for (let look = 0; entry >= 0; look++) {
      if (look === looks) {
        this.#ambiguous = true;
        break;
      }
      const known = this.#times[entry]!;
      if (known === time || (typeof known === "object" && sameTime(known, time))) {
        const before = this.#differences[entry]!;
        const after = before + difference;
        this.#differences[entry] = after;
        if (before === 0) {
          if (after !== 0) this.#nonzero++;
        } else if (after === 0 && --this.#nonzero === 0) this.clear();
        return;
      }
      entry = this.#previous[entry]!;
    }
    if (difference === 0) return;
    if (this.#length >= this.#compactAt) {
      this.#rebuild();
      this.#compactAt = Math.max(few, 2 * this.#length);
    }
    this.#append(location, time, difference);
  }

  /** Brings it to one entry per location and time, and to about as many as it has changes. */
  compact(): void {
    if (this.#ambiguous || (this.#length > few && this.#length > 2 * this.#nonzero)) this.#rebuild();
  }

  /** Whether `test` holds for an entry that takes something away. */
  someNegative(test: (location: number, time: Time, difference: number) => boolean): boolean {
    for (let i = 0; i < this.#length; i++) {
      const difference = this.#differences[i]!;
      if (difference < 0 && test(this.#locations[i]!, this.#times[i]!, difference)) return true;
    }
    return false;
  }

  forEach(body: (location: number, time: Time, difference: number) => void): void {
    for (let i = 0; i < this.#length; i++) {
      if (this.#differences[i] !== 0) body(this.#locations[i]!, this.#times[i]!, this.#differences[i]!);
    }
  }

  clear(): void {
    for (let i = 0; i < this.#length; i++) this.#last[this.#locations[i]!] = -1;
    this.#length = 0;
    this.#nonzero = 0;
    this.#ambiguous = false;
    this.#compactAt = few;
  }

  #append(location: number, time: Time, difference: number): void {
    const entry = this.#length++;
    this.#locations[entry] = location;
    this.#times[entry] = time;
    this.#differences[entry] = difference;
    this.#previous[entry] = this.#last[location]!;
    this.#last[location] = entry;
    this.#nonzero++;
  }

  #rebuild(): void {
    if (this.#ambiguous) this.#merge();
    const length = this.#length;
    for (let i = 0; i < length; i++) this.#last[this.#locations[i]!] = -1;
    this.#length = 0;
    this.#nonzero = 0;
    this.#ambiguous = false;
    // What is kept moves towards the start, never past what is still to be read.
    for (let i = 0; i < length; i++) {
      if (this.#differences[i] !== 0) this.#append(this.#locations[i]!, this.#times[i]!, this.#differences[i]!);
    }
  }

  /** Adds entries of one location and time up in the first of them, and makes the others zero. */
  #merge(): void {
    const locations = this.#locations;
    const times = this.#times;
    const differences = this.#differences;
    const order = Array.from({ length: this.#length }, (_, i) => i);
    order.sort((a, b) => locations[a]! - locations[b]! || compareTimes(times[a]!, times[b]!));
    for (let i = 0; i < order.length;) {
      const first = order[i]!;
      for (i++; i < order.length; i++) {
        const other = order[i]!;
        if (locations[other] !== locations[first] || !sameTime(times[other]!, times[first]!)) break;
        differences[first]! += differences[other]!;
        differences[other] = 0;
      }
    }
  }
}
