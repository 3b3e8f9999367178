/**
 * The values of the chunk being handled, by key, in the order of the keys' first values. No list is made: those of a key are
 * linked by their places in the chunk, in columns that are used again for every chunk.
 *
 *   keys   a  b  a  a  c          slots   0: a   1: b   2: c
 *   next   2  .  3  .  .          first   0      1      4
 *                                 count   3      1      1
 *
 * An entry knows its slot, counted on from chunk to chunk: a number that is not of this chunk's is from another one, so nothing has to
 * be put back when a chunk is done. Numbers start again now and then, which is why the slot is looked at, too.
 */
import type { KnownKeys } from "../exchange/key-splitter.ts";
import type { Entry } from "../state/entry.ts";
import type { StepState } from "../state/step-state.ts";

const lastSlot = 1 << 30;

export class ChunkGroups {
  /** How many keys there are. */
  size = 0;
  values: readonly unknown[] = [];
  /** By place in the chunk: where the next value of the same key stands. */
  next = new Int32Array(1_024);
  /** By slot. */
  readonly entries: Entry[] = [];
  first = new Int32Array(1_024);
  count = new Int32Array(1_024);
  #last = new Int32Array(1_024);
  /** The number of slot 0. */
  #base = 0;
  readonly #state: StepState;

  constructor(state: StepState) {
    this.#state = state;
  }

  /** Opens the entries of the keys. */
  gather(keys: readonly string[], values: readonly unknown[], known: KnownKeys | undefined): void {
    if (values.length > this.next.length) this.#grow(values.length);
    const { entries, next, first, count } = this;
    const last = this.#last;
    const state = this.#state;
    const found = state.resolve(keys, known);
    const base = this.#base + this.size < lastSlot ? this.#base + this.size : 0;
    let size = 0;
    for (let i = 0; i < values.length; i++) {
      let entry = found[i];
      if (entry === undefined) entry = state.open(keys[i]!);
      const slot = entry.slot - base;
      if (slot >= 0 && slot < size && entries[slot] === entry) {
        next[last[slot]!] = i;
        last[slot] = i;
        count[slot]!++;
      } else {
        entry.slot = base + size;
        entries[size] = entry;
        first[size] = last[size] = i;
        count[size] = 1;
        size++;
      }
    }
    this.values = values;
    this.size = size;
    this.#base = base;
  }

  /** The values of a slot, in an array of their own. */
  valuesAt(slot: number): unknown[] {
    const { values, next } = this;
    let at = this.first[slot]!;
    const count = this.count[slot]!;
    if (count === 1) return [values[at]];
    // oxlint-disable-next-line unicorn/no-new-array -- as long as it will be: most are short, and growing takes longer than filling
    const list = new Array<unknown>(count);
    for (let i = 0; i < count; i++) {
      list[i] = values[at];
      at = next[at]!;
    }
    return list;
  }

  #grow(length: number): void {
    this.next = new Int32Array(length);
    this.first = new Int32Array(length);
    this.count = new Int32Array(length);
    this.#last = new Int32Array(length);
  }
}
