/**
 * The keys of one step on one worker, and which of them changed since the last snapshot.
 *
 * Generations. `touched` lists the keys touched in the current generation; `entry.mark` says in which generation a key was
 * touched last, so that touching again costs one comparison. A snapshot takes the list over and starts a new generation; its
 * rows are encoded in slices while the step goes on. A key of the snapshot that is about to change is recorded first (copy on
 * write), so that its row is true at the close of the snapshot's epoch, however late it is encoded.
 *
 *   generation g:  touched [a b c] ── snapshot(7) ──▶ task {epoch 7, [a b c]}   slices: a, b, …
 *   generation g+1: touched [c']       c is touched while it waits: its row for epoch 7 is recorded now
 */
import type { Buffer } from "node:buffer";
import { WeirError, isWeirError } from "../../errors/index.ts";
import type { KnownKeys } from "../exchange/key-splitter.ts";
import { show } from "../show.ts";
import type { Recorder } from "../runtime.ts";
import { unshared } from "../unshared.ts";
import { Entry } from "./entry.ts";
import { EntryMap } from "./entry-map.ts";
import { Numbers } from "./numbers.ts";
import { PackedRows } from "./packed-rows.ts";
import { decodeStateRow, encodeStateRow, hasNoWake, wakeOf } from "./state-row.ts";

/**
 * A slice ends after this many rows or bytes: a few milliseconds. Counted, not timed, so that a run can be replayed. A step's first
 * slices are shorter: what encodes them is not compiled yet, and ten times slower.
 */
const sliceRows = 2_048;
const firstSliceRows = 64;
const sliceBytes = 1 << 20;

/** Of the batch at hand, on this thread. */
let found: (Entry | undefined)[] = [];

/** What the step knows about the state of its keys. */
export interface StateForm {
  /** What is stored for a key. */
  snapshot(entry: Entry): unknown;
  /** Puts a stored state back into the entry. */
  revive(entry: Entry, state: unknown): void;
  /** The key lives on elsewhere, and its entry goes. Not called for one that is discarded. */
  forget?(entry: Entry): void;
}

interface Task {
  readonly epoch: number;
  readonly generation: number;
  readonly entries: readonly Entry[];
  next: number;
}

export class StepState {
  readonly step: string;
  /** Keys that were touched in this process, and those that want to be woken. The others are packed: `find` takes them out. */
  readonly entries = new EntryMap();
  /** For a form that keeps states there. */
  readonly numbers = new Numbers();
  /** Loaded and not touched since, by partition. */
  readonly #packs = new Map<number, PackedRows>();
  /** Rows in all packs. */
  #packed = 0;
  /** Partitions of which this load has made entries: a later file may say something else of their keys. */
  readonly #loose = new Set<number>();
  /** Partitions whose entries are being dropped, and how far that has come. */
  readonly #leaving = new Set<number>();
  #sweeping: Iterator<Entry, void> | undefined;
  readonly #partitionOf: (key: string) => number;
  /** Entries that were discarded though a row of theirs is stored, until the removal is recorded. */
  readonly #graves = new Map<string, Entry>();
  #touched: Entry[] = [];
  #task: Task | undefined;
  /** Rows of the next slice. */
  #sliceRows = firstSliceRows;
  #form: StateForm | undefined;
  #recorder: Recorder | undefined;
  /** 0 = nothing is recorded, and no key is ever marked as touched. */
  generation = 0;

  static {
    // As for the fields of entries.
    const sample = new StepState("", () => 0);
    sample.#task = { epoch: 0, generation: 0, entries: [], next: 0 };
    sample.#task = undefined;
    sample.#touched = [];
    sample.#sliceRows = sliceRows;
    sample.#packed = 1;
    sample.generation = 1;
  }

  constructor(step: string, partitionOf: (key: string) => number) {
    this.step = step;
    this.#partitionOf = partitionOf;
  }

  /** Called when the step is lowered, again for each execution. */
  attach(form: StateForm, recorder: Recorder): void {
    this.#form = form;
    this.#recorder = recorder.enabled ? recorder : undefined;
    this.#loose.clear();
    this.generation = recorder.enabled ? Math.max(1, this.generation) : 0;
  }

  /** The entry of a key that is about to be changed: decoded, marked as touched, made if there is none. */
  open(key: string): Entry {
    const entry = this.entries.get(key) ?? this.find(key) ?? this.create(key);
    if (entry.bytes !== undefined) this.revive(entry);
    if (entry.mark !== this.generation) this.touch(entry);
    return entry;
  }

  /**
   * The entries of a batch's keys, decoded and marked as touched, and undefined for a key to be opened. The array is good until the next
   * call. One of them may be gone when its record's turn comes.
   */
  resolve(keys: readonly string[], known: KnownKeys | undefined): readonly (Entry | undefined)[] {
    const entries = this.#lookUp(keys, known);
    if (this.generation !== 0) this.#touchAll(entries, keys.length);
    return entries;
  }

  /**
   * Not in the loops of the drivers: before the first snapshot nothing is to be done here, and V8 would compile them as if that stayed so,
   * and throw them away when it does not, all at the same time.
   */
  #touchAll(entries: readonly (Entry | undefined)[], count: number): void {
    const { generation } = this;
    for (let i = 0; i < count; i++) {
      const entry = entries[i];
      if (entry !== undefined && entry.mark !== generation) this.touch(entry);
    }
  }

  #lookUp(keys: readonly string[], known: KnownKeys | undefined): readonly (Entry | undefined)[] {
    const records = keys.length;
    if (found.length < records) found = Array<Entry | undefined>(records * 2).fill(undefined);
    const into = found;
    if (known === undefined) {
      this.entries.find(keys, into);
      for (let i = 0; i < records; i++) {
        const entry = into[i];
        if (entry !== undefined && entry.bytes !== undefined) this.revive(entry);
      }
      return into;
    }
    const { ids, memo } = known as { ids: Uint16Array; memo: (Entry | undefined)[] };
    let missing = 0;
    for (let i = 0; i < records; i++) {
      const entry = memo[ids[i]!];
      into[i] = entry;
      if (entry === undefined || entry.gone) missing++;
    }
    if (missing > 0) this.#recall(keys, ids, memo, into, missing);
    return into;
  }

  /** Looks up what the memo does not have: one by one, or all at once where that is much. */
  #recall(
    keys: readonly string[],
    ids: Uint16Array,
    memo: (Entry | undefined)[],
    into: (Entry | undefined)[],
    missing: number,
  ): void {
    const all = missing * 8 > keys.length;
    if (all) this.entries.find(keys, into);
    for (let i = 0; i < keys.length; i++) {
      let entry = into[i];
      if (!all && entry !== undefined && !entry.gone) continue;
      if (!all) into[i] = entry = this.entries.get(keys[i]!);
      if (entry !== undefined && entry.bytes !== undefined) this.revive(entry);
      memo[ids[i]!] = entry;
    }
  }

  /** For a key that is not among the entries: its entry, if it was loaded and is touched for the first time now. */
  find(key: string): Entry | undefined {
    if (this.#packed === 0) return undefined;
    const partition = this.#partitionOf(key);
    const pack = this.#packs.get(partition);
    const row = pack?.take(key);
    if (row === undefined) return undefined;
    this.#packed--;
    if (pack!.size === 0) this.#packs.delete(partition);
    const entry = new Entry(unshared(key));
    entry.partition = partition;
    entry.stored = true;
    this.entries.set(entry.key, entry);
    this.#form!.revive(entry, decodeStateRow(row));
    return entry;
  }

  /** A new entry; `find` has said that there is none. */
  create(key: string): Entry {
    let entry = this.#graves.size > 0 ? this.#graves.get(key) : undefined;
    if (entry === undefined) entry = new Entry(unshared(key));
    else {
      // Its removal may belong to a snapshot under way: that is recorded before the key comes back to life.
      if (entry.mark !== this.generation) this.touch(entry);
      this.#graves.delete(key);
      entry.gone = false;
    }
    this.entries.set(entry.key, entry);
    return entry;
  }

  revive(entry: Entry): void {
    const bytes = entry.bytes!;
    entry.bytes = undefined;
    this.#form!.revive(entry, decodeStateRow(bytes));
  }

  /** Must be called before a key changes whose mark is not the current generation. */
  touch(entry: Entry): void {
    if (this.generation === 0) return;
    if (this.#task !== undefined && entry.mark === this.#task.generation) this.#record(entry, this.#task.epoch);
    entry.mark = this.generation;
    this.#touched.push(entry);
  }

  /** Forgets a key that was opened. */
  discard(entry: Entry): void {
    this.entries.delete(entry.key);
    entry.gone = true;
    entry.state = undefined;
    entry.wake = undefined;
    if (entry.stored) this.#graves.set(entry.key, entry);
  }

  get dirty(): boolean {
    return this.#touched.length > 0;
  }
  get recording(): boolean {
    return this.#task !== undefined;
  }

  /** Begins to record the rows that are true now, at the close of `epoch`. An earlier snapshot still under way is finished first. */
  snapshot(epoch: number): void {
    while (this.#task !== undefined) this.slice();
    if (this.#touched.length === 0) return;
    this.#task = { epoch, generation: this.generation, entries: this.#touched, next: 0 };
    this.#touched = [];
    this.generation++;
  }

  /** Records a few milliseconds' worth of rows of the snapshot under way. */
  slice(): void {
    const task = this.#task;
    if (task === undefined) return;
    let bytes = 0;
    const end = Math.min(task.next + this.#sliceRows, task.entries.length);
    this.#sliceRows = Math.min(sliceRows, this.#sliceRows * 2);
    while (task.next < end && bytes < sliceBytes) {
      const entry = task.entries[task.next++]!;
      if (entry.mark === task.generation) bytes += this.#record(entry, task.epoch);
    }
    if (task.next === task.entries.length) this.#task = undefined;
  }

  /** Gives the number of bytes. */
  #record(entry: Entry, epoch: number): number {
    entry.mark = -1;
    if (entry.partition < 0) entry.partition = this.#partitionOf(entry.key);
    if (entry.gone) {
      if (this.#graves.get(entry.key) === entry) this.#graves.delete(entry.key);
      if (entry.stored) this.#recorder!.state(this.step, epoch, entry.partition, entry.key, undefined);
      entry.stored = false;
      return 0;
    }
    const row = this.#encode(entry);
    this.#recorder!.state(this.step, epoch, entry.partition, entry.key, row);
    entry.stored = true;
    return row.length;
  }

  #encode(entry: Entry): Uint8Array {
    const state = this.#form!.snapshot(entry);
    try {
      return encodeStateRow(state, entry.wake);
    } catch (error) {
      throw isWeirError(error)
        ? new WeirError(error.code, `the state of key ${show(entry.key)}: ${error.message}`, { cause: error.cause ?? error })
        : error;
    }
  }

  /** Counts those that are about to be swept. */
  get size(): number {
    return this.entries.size + this.#packed;
  }

  *keys(): Generator<string, void, undefined> {
    this.sweep(Infinity);
    yield* this.entries.keys();
    for (const pack of this.#packs.values()) yield* pack.keys();
  }

  /** Takes a stored row over, in the place of an earlier one of its key. Key and value are copied, or views, as it suits. */
  load(partition: number, bytes: Buffer, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    if (hasNoWake(bytes, valueStart, valueEnd)) {
      if (this.#loose.has(partition)) this.entries.delete(bytes.toString("utf8", keyStart, keyEnd));
      let pack = this.#packs.get(partition);
      if (pack === undefined) this.#packs.set(partition, (pack = new PackedRows()));
      this.#packed -= pack.size;
      pack.put(bytes, keyStart, keyEnd, valueStart, valueEnd);
      this.#packed += pack.size;
      return;
    }
    if (this.#packs.get(partition)?.remove(bytes, keyStart, keyEnd) === true) this.#packed--;
    const entry = new Entry(bytes.toString("utf8", keyStart, keyEnd));
    entry.bytes = bytes.subarray(valueStart, valueEnd);
    entry.partition = partition;
    entry.stored = true;
    entry.wake = wakeOf(entry.bytes);
    this.entries.set(entry.key, entry);
    this.#loose.add(partition);
  }

  /** Removes a loaded key: a later file says that it was removed. */
  unload(partition: number, bytes: Buffer, keyStart: number, keyEnd: number): void {
    if (this.#loose.has(partition)) this.entries.delete(bytes.toString("utf8", keyStart, keyEnd));
    if (this.#packs.get(partition)?.remove(bytes, keyStart, keyEnd) === true) this.#packed--;
  }

  /**
   * Forgets the keys of partitions that live on elsewhere: no removal is recorded. Nothing may be touched and not yet recorded.
   * Entries go little by little, by `sweep`: nothing comes for their keys any more, and a flow that stands still waits for us.
   */
  drop(partitions: Iterable<number>): void {
    for (const partition of partitions) {
      this.#packed -= this.#packs.get(partition)?.size ?? 0;
      this.#packs.delete(partition);
      if (this.entries.size > 0) this.#leaving.add(partition);
    }
    this.#sweeping = this.#leaving.size === 0 ? undefined : this.entries.values();
  }

  /** Whether entries of the partition may still be here though it was dropped. */
  leaving(partition: number): boolean {
    return this.#leaving.has(partition);
  }
  get sweeping(): boolean {
    return this.#sweeping !== undefined;
  }
  /** Looks at some entries more for those that have to go. */
  sweep(most = sliceRows): void {
    for (let left = most; left > 0 && this.#sweeping !== undefined; left--) {
      const next = this.#sweeping.next();
      if (next.done === true) {
        this.#sweeping = undefined;
        this.#leaving.clear();
        return;
      }
      const entry = next.value;
      if (entry.partition < 0) entry.partition = this.#partitionOf(entry.key);
      if (!this.#leaving.has(entry.partition)) continue;
      this.#form?.forget?.(entry);
      this.entries.delete(entry.key);
    }
  }

  /** What is stored for a key at this moment, decoded; undefined = no such key. */
  read(key: string): unknown {
    const entry = this.entries.get(key);
    if (entry === undefined) {
      const row = this.#packed === 0 ? undefined : this.#packs.get(this.#partitionOf(key))?.read(key);
      return row && decodeStateRow(row);
    }
    return entry.bytes === undefined ? this.#form?.snapshot(entry) : decodeStateRow(entry.bytes);
  }
}
