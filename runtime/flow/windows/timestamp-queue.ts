/**
 * Values that wait for the watermark, handed out by timestamp and, where those are equal, in order of arrival.
 *
 *   run     values that arrived in timestamp order: appended at the end, taken from `head`
 *   strays  a binary heap of those that came after a later one; they are before the run's end
 *
 * so that data in order costs O(1) a value. Invariant: a stray is strictly before the run's last value, so the run is never
 * used up before the strays are, and at equal timestamps the run's value came first.
 */
export class TimestampQueue<V> {
  private times: number[] = [];
  private values: V[] = [];
  private head = 0;
  private readonly strays: Stray<V>[] = [];
  private arrivals = 0;

  get size(): number {
    return this.times.length - this.head + this.strays.length;
  }
  /** The earliest timestamp, or Infinity. */
  get first(): number {
    const run = this.head < this.times.length ? this.times[this.head]! : Infinity;
    return this.strays.length > 0 && this.strays[0]!.time < run ? this.strays[0]!.time : run;
  }
  push(time: number, value: V): void {
    const end = this.times.length;
    if (end === this.head || time >= this.times[end - 1]!) {
      this.times.push(time);
      this.values.push(value);
    } else {
      siftUp(this.strays, { time, arrival: this.arrivals++, value });
    }
  }
  /** Takes the first value; there must be one. */
  shift(): V {
    if (this.strays.length > 0 && this.strays[0]!.time < this.times[this.head]!) return takeTop(this.strays).value;
    const value = this.values[this.head]!;
    // The slot is cleared so that the value can be collected before the run is compacted.
    this.values[this.head] = undefined as V;
    this.head++;
    if (this.head === this.times.length) this.clearRun();
    else if (this.head >= 64 && this.head * 2 >= this.times.length) this.compact();
    return value;
  }
  /** Timestamps and values in the order in which they would be taken. */
  toColumns(): { times: number[]; values: V[] } {
    const times: number[] = [];
    const values: V[] = [];
    const strays = this.strays.toSorted((a, b) => (before(a, b) ? -1 : 1));
    let stray = 0;
    for (let i = this.head; i < this.times.length; i++) {
      for (; stray < strays.length && strays[stray]!.time < this.times[i]!; stray++) {
        times.push(strays[stray]!.time);
        values.push(strays[stray]!.value);
      }
      times.push(this.times[i]!);
      values.push(this.values[i]!);
    }
    return { times, values };
  }

  private clearRun(): void {
    this.head = 0;
    this.times.length = 0;
    this.values.length = 0;
  }
  private compact(): void {
    this.times = this.times.slice(this.head);
    this.values = this.values.slice(this.head);
    this.head = 0;
  }
}

interface Stray<V> {
  readonly time: number;
  readonly arrival: number;
  readonly value: V;
}

function before<V>(a: Stray<V>, b: Stray<V>): boolean {
  return a.time < b.time || (a.time === b.time && a.arrival < b.arrival);
}
function siftUp<V>(heap: Stray<V>[], stray: Stray<V>): void {
  let at = heap.length;
  heap.push(stray);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(stray, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = stray;
}
function takeTop<V>(heap: Stray<V>[]): Stray<V> {
  const top = heap[0]!;
  const last = heap.pop()!;
  if (heap.length === 0) return top;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
    if (!before(heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
  return top;
}
