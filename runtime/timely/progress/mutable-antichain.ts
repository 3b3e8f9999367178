/**
 * A multiset of times with signed counts whose frontier is kept: the minimal times with a positive count. Counts may be
 * negative for a while (a message can be reported as consumed before it is reported as sent); a negative count holds nothing back.
 *
 * Two forms with one meaning: `TotalMutableAntichain` for numbers, whose frontier is one number, and `PartialMutableAntichain` for
 * nested times. Both keep their times sorted (by the total order that extends the partial one), as there are seldom more than a few.
 */
import { insertMinimal, frontierLessEqual } from "./antichain.ts";
import { compareTimes, sameTime, type Time } from "./time.ts";

export interface MutableAntichain {
  /** Adds `difference` to the count of `time`. Returns by how much the number of times with a count has changed: -1, 0 or 1. */
  update(time: Time, difference: number): number;
  /** Whether the last update has changed the frontier. */
  readonly moved: boolean;
  countOf(time: Time): number;
  elements(): readonly Time[];
  /** Every time with a count, with it. For reports. */
  entries(): [Time, number][];
}

export class TotalMutableAntichain implements MutableAntichain {
  /** The least time with a positive count; Infinity when there is none. */
  least = Infinity;
  moved = false;
  /** In use from #head on: times mostly go from the front and come at the end. */
  readonly #times: number[] = [];
  readonly #counts: number[] = [];
  #head = 0;

  update(time: number, difference: number): number {
    const before = this.least;
    const change = this.#count(time, difference);
    this.moved = this.least !== before;
    return change;
  }

  #count(time: number, difference: number): number {
    const times = this.#times;
    const counts = this.#counts;
    const at = this.#lastAtOrBefore(time);
    if (at >= this.#head && times[at] === time) {
      const count = counts[at]! + difference;
      counts[at] = count;
      if (count === 0) {
        this.#remove(at);
        if (time === this.least) this.#findLeast();
        return -1;
      }
      if (count > 0) {
        if (time < this.least) this.least = time;
      } else if (time === this.least) this.#findLeast();
      return 0;
    }
    if (difference === 0) return 0;
    insertAt(times, at + 1, time);
    insertAt(counts, at + 1, difference);
    if (difference > 0 && time < this.least) this.least = time;
    return 1;
  }

  countOf(time: number): number {
    const at = this.#lastAtOrBefore(time);
    return at >= this.#head && this.#times[at] === time ? this.#counts[at]! : 0;
  }

  elements(): readonly number[] {
    return this.least === Infinity ? [] : [this.least];
  }

  entries(): [Time, number][] {
    return this.#times.slice(this.#head).map((time, i) => [time, this.#counts[this.#head + i]!]);
  }

  /** The position of the last time that is not after `time`; #head - 1 when there is none. */
  #lastAtOrBefore(time: number): number {
    const times = this.#times;
    let low = this.#head;
    let high = times.length;
    // Most changes are at the latest times.
    for (let at = high - 1, end = Math.max(low, high - 8); at >= end; at--) if (times[at]! <= time) return at;
    high = Math.max(low, high - 8);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (times[middle]! <= time) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #remove(at: number): void {
    if (at !== this.#head || at + 1 === this.#times.length) {
      removeAt(this.#times, at);
      removeAt(this.#counts, at);
    } else if (++this.#head >= 32 && this.#head * 2 >= this.#times.length) {
      this.#times.splice(0, this.#head);
      this.#counts.splice(0, this.#head);
      this.#head = 0;
    }
    // Mostly it is empty by itself: setting a length takes V8 longer than all else here.
    if (this.#head > 0 && this.#head === this.#times.length) this.#times.length = this.#counts.length = this.#head = 0;
  }

  #findLeast(): void {
    const counts = this.#counts;
    for (let i = this.#head; i < counts.length; i++) {
      if (counts[i]! > 0) {
        this.least = this.#times[i]!;
        return;
      }
    }
    this.least = Infinity;
  }
}

export class PartialMutableAntichain implements MutableAntichain {
  moved = false;
  readonly #times: Time[] = [];
  readonly #counts: number[] = [];
  #frontier: Time[] = [];

  update(time: Time, difference: number): number {
    const at = this.#search(time);
    const found = at < this.#times.length && sameTime(this.#times[at]!, time);
    const before = found ? this.#counts[at]! : 0;
    const after = before + difference;
    let change = 0;
    this.moved = false;
    if (!found) {
      if (difference === 0) return 0;
      insertAt(this.#times, at, time);
      insertAt(this.#counts, at, after);
      change = 1;
    } else if (after === 0) {
      removeAt(this.#times, at);
      removeAt(this.#counts, at);
      change = -1;
    } else this.#counts[at] = after;
    if (before <= 0 && after > 0) this.moved = insertMinimal(this.#frontier, time);
    else if (before > 0 && after <= 0 && this.#frontier.some((element) => sameTime(element, time))) {
      this.#rebuild();
      this.moved = true;
    }
    return change;
  }

  countOf(time: Time): number {
    const at = this.#search(time);
    return at < this.#times.length && sameTime(this.#times[at]!, time) ? this.#counts[at]! : 0;
  }

  elements(): readonly Time[] {
    return this.#frontier;
  }

  entries(): [Time, number][] {
    return this.#times.map((time, i) => [time, this.#counts[i]!]);
  }

  #rebuild(): void {
    const frontier: Time[] = [];
    // In sorted order no later time is before an earlier one, so that each test is against the elements found so far.
    for (let i = 0; i < this.#times.length; i++) {
      if (this.#counts[i]! > 0 && !frontierLessEqual(frontier, this.#times[i]!)) frontier.push(this.#times[i]!);
    }
    this.#frontier = frontier;
  }

  /** The first position whose time is not before `time` in the total order. */
  #search(time: Time): number {
    let low = 0;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareTimes(this.#times[middle]!, time) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export function createMutableAntichain(coordinates: number): MutableAntichain {
  return coordinates === 1 ? new TotalMutableAntichain() : new PartialMutableAntichain();
}

/** Long arrays are moved by the engine, short ones faster by hand. */
const long = 64;

function removeAt<E>(array: E[], at: number): void {
  if (array.length - at > long) {
    array.splice(at, 1);
    return;
  }
  for (let i = at + 1; i < array.length; i++) array[i - 1] = array[i]!;
  array.pop();
}

function insertAt<E>(array: E[], at: number, element: E): void {
  if (array.length - at > long) {
    array.splice(at, 0, element);
    return;
  }
  array.push(element);
  for (let i = array.length - 1; i > at; i--) array[i] = array[i - 1]!;
  array[at] = element;
}
