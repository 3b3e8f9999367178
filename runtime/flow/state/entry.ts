/**
 * What is kept for one key of one step. One class for all steps, so that the maps of all steps hold objects of one shape.
 * `state` is the user's value for statefulMap and the folding steps, and the logic object for those that have one.
 */
export class Entry {
  readonly key: string;
  state: any = undefined;
  /** Encoded state that nothing has touched since it was loaded; `state` is meaningless until it is decoded. */
  bytes: Uint8Array | undefined = undefined;
  /** Generation of snapshots in which the key was last touched; see StepState. */
  mark = 0;
  /** The number of the key's place among those of a chunk, for steps that take values together (ChunkGroups), or among a step's numbers (Numbers). */
  slot = 0;
  /** partition + 1 (0 until somebody asks) · gone · stored: one field, as there may be millions of entries. */
  #bits = 0;
  /** The system time for which the key asked to be woken. Undefined rather than Infinity: a number here costs memory of its own. */
  wake: number | undefined = undefined;
  /** The earliest time for which the key stands in the queue of wakes. */
  queued: number | undefined = undefined;

  constructor(key: string) {
    this.key = key;
  }

  /** -1 until somebody asks. */
  get partition(): number {
    return (this.#bits >> 2) - 1;
  }
  set partition(partition: number) {
    this.#bits = ((partition + 1) << 2) | (this.#bits & 3);
  }
  /** Discarded; only its removal still has to be recorded. */
  get gone(): boolean {
    return (this.#bits & 2) !== 0;
  }
  set gone(gone: boolean) {
    this.#bits = gone ? this.#bits | 2 : this.#bits & ~2;
  }
  /** A row for this key is in the store, or on its way. */
  get stored(): boolean {
    return (this.#bits & 1) !== 0;
  }
  set stored(stored: boolean) {
    this.#bits = stored ? this.#bits | 1 : this.#bits & ~1;
  }

  static {
    // V8 takes a field that no object has ever changed for a constant, and drops all code that it has compiled on that belief when one
    // does change: at a flow's first snapshot, when marks and partitions change. So it learns better before it compiles anything.
    const sample = new Entry("");
    sample.mark = 1;
    sample.slot = 1;
    sample.stored = true;
  }
}
