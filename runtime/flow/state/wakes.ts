/**
 * The wake times of a step's keys, in order. A key that pushes its time forward again and again (a debounce) stands in the
 * queue once: at its earliest time, from which it is queued on when that time comes.
 */
import FlatQueue from "flatqueue";
import type { Entry } from "./entry.ts";

export class Wakes {
  readonly #queue = new FlatQueue<Entry>();

  /** Sets the key's wake time, replacing an earlier or later one. */
  set(entry: Entry, time: number): void {
    entry.wake = time;
    if (entry.queued === undefined || time < entry.queued) {
      entry.queued = time;
      this.#queue.push(entry, time);
    }
  }

  /** The earliest time at which some key may have to be woken; Infinity = none. */
  next(): number {
    return this.#queue.peekValue() ?? Infinity;
  }

  /**
   * Takes the keys whose time has come out of the queue, earliest first. Their wake time is left standing: a snapshot under way
   * may have to record it before the key is woken; whoever wakes the key clears it.
   */
  due(now: number): Entry[] {
    const due: Entry[] = [];
    while (this.next() <= now) {
      const time = this.next();
      const entry = this.#queue.pop()!;
      if (entry.queued !== time) continue;
      entry.queued = undefined;
      if (entry.gone || entry.wake === undefined) continue;
      if (entry.wake > now) this.set(entry, entry.wake);
      else due.push(entry);
    }
    return due;
  }
}
