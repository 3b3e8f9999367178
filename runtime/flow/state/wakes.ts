/**
 * The wake times of a step's keys, in order. A key that pushes its time forward again and again (a debounce) stands in the
 * queue once: at its earliest time, from which it is queued on when that time comes. One that moves its time nearer with each value
 * (time in the data that runs ahead of the clock) is only noted: it enters the queue, at the time it has then, when the earliest time
 * that was noted has come.
 *
 *   queued   undefined: nowhere    a time: in the queue, there    noted: in the list
 */
import FlatQueue from "flatqueue";
import type { Entry } from "./entry.ts";

/** Earlier than any time in the queue. */
const noted = -Infinity;

export class Wakes {
  #queue = new FlatQueue<Entry>();
  /** About how many places in the queue are of keys that have moved to an earlier one. */
  #stale = 0;
  /** Keys whose time is earlier than what they stand in the queue at, if they do. */
  #notes: Entry[] = [];
  /** No key in `#notes` is to be woken before. */
  #earliest = Infinity;

  /** Sets the key's wake time, replacing an earlier or later one. */
  set(entry: Entry, time: number): void {
    entry.wake = time;
    const { queued } = entry;
    if (queued !== undefined && queued !== noted && time >= queued) return;
    if (time < this.#earliest) this.#earliest = time;
    if (queued === noted) return;
    if (queued !== undefined) this.#stale++;
    entry.queued = noted;
    this.#notes.push(entry);
  }

  /** How many places are taken up by keys, stale ones included. */
  get places(): number {
    return this.#queue.length + this.#notes.length;
  }

  /** The earliest time at which some key may have to be woken; Infinity = none. */
  next(): number {
    return Math.min(this.#queue.peekValue() ?? Infinity, this.#earliest);
  }

  /**
   * Takes the keys whose time has come out of the queue, earliest first. Their wake time is left standing: a snapshot under way
   * may have to record it before the key is woken; whoever wakes the key clears it.
   */
  due(now: number): Entry[] {
    if (this.#earliest <= now) {
      if (this.#stale > 1_024 && this.#stale > this.#queue.length / 2) this.#dropStale();
      this.#enqueueNotes();
    }
    const queue = this.#queue;
    const due: Entry[] = [];
    while (queue.length > 0 && queue.peekValue()! <= now) {
      const time = queue.peekValue()!;
      const entry = queue.pop()!;
      if (entry.queued !== time) {
        if (this.#stale > 0) this.#stale--;
        continue;
      }
      entry.queued = undefined;
      if (entry.gone || entry.wake === undefined) continue;
      if (entry.wake > now) this.#enqueue(entry, entry.wake);
      else due.push(entry);
    }
    return due;
  }

  #enqueueNotes(): void {
    const notes = this.#notes;
    this.#notes = [];
    this.#earliest = Infinity;
    for (const entry of notes) {
      entry.queued = undefined;
      if (!entry.gone && entry.wake !== undefined) this.#enqueue(entry, entry.wake);
    }
  }
  #dropStale(): void {
    const all = this.#queue;
    this.#queue = new FlatQueue();
    this.#stale = 0;
    while (all.length > 0) {
      const time = all.peekValue()!;
      const entry = all.pop()!;
      if (entry.queued === time) this.#queue.push(entry, time);
    }
  }
  #enqueue(entry: Entry, time: number): void {
    entry.queued = time;
    this.#queue.push(entry, time);
  }
}
