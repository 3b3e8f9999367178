/**
 * Changes of pointstamp counts that one worker has made and not reported yet. They leave together, so that consuming an input
 * and acquiring the capability or message that results from it are one event for everybody else.
 *
 * Invariant: at most one entry per (location, time). An update finds its entry through a chain per location, newest first:
 *
 *   #last[location] -> entry -> #previous[entry] -> …
 */
import { sameTime, type Time } from "./time.ts";

export class ChangeBatch {
  /** Entries with a difference other than zero. */
  size = 0;
  readonly #locations: number[] = [];
  readonly #times: Time[] = [];
  readonly #differences: number[] = [];
  readonly #previous: number[] = [];
  readonly #last: number[] = [];
  #length = 0;

  update(location: number, time: Time, difference: number): void {
    const last = this.#last;
    while (last.length <= location) last.push(-1);
    let entry = last[location]!;
    while (entry >= 0) {
      const known = this.#times[entry]!;
      if (known === time || (typeof known === "object" && sameTime(known, time))) {
        const before = this.#differences[entry]!;
        const after = before + difference;
        this.#differences[entry] = after;
        if (before === 0) {
          if (after !== 0) this.size++;
        } else if (after === 0 && --this.size === 0) this.clear();
        return;
      }
      entry = this.#previous[entry]!;
    }
    if (difference === 0) return;
    if (this.#length > 64 && this.#length > 2 * this.size) this.#compact();
    entry = this.#length++;
    this.#locations[entry] = location;
    this.#times[entry] = time;
    this.#differences[entry] = difference;
    this.#previous[entry] = last[location]!;
    last[location] = entry;
    this.size++;
  }

  /** Whether `test` holds for an entry that takes something away. */
  someNegative(test: (location: number, time: Time) => boolean): boolean {
    for (let i = 0; i < this.#length; i++) {
      if (this.#differences[i]! < 0 && test(this.#locations[i]!, this.#times[i]!)) return true;
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
    this.size = 0;
  }

  /** Drops entries that have come to zero, so that a batch held back for long stays as small as what it says. */
  #compact(): void {
    const length = this.#length;
    for (let i = 0; i < length; i++) this.#last[this.#locations[i]!] = -1;
    let kept = 0;
    for (let i = 0; i < length; i++) {
      if (this.#differences[i] === 0) continue;
      const location = this.#locations[i]!;
      this.#locations[kept] = location;
      this.#times[kept] = this.#times[i]!;
      this.#differences[kept] = this.#differences[i]!;
      this.#previous[kept] = this.#last[location]!;
      this.#last[location] = kept++;
    }
    this.#length = kept;
  }
}
