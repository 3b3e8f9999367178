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
  /** -1 until somebody asks. */
  partition = -1;
  /** A row for this key is in the store, or on its way. */
  stored = false;
  /** Discarded; only its removal still has to be recorded. */
  gone = false;
  /** The system time for which the key asked to be woken. Undefined rather than Infinity: a number here costs memory of its own. */
  wake: number | undefined = undefined;
  /** The earliest time for which the key stands in the queue of wakes. */
  queued: number | undefined = undefined;
  /** Values of the chunk being handled, for steps that take them together. */
  batch: unknown[] | undefined = undefined;

  constructor(key: string) {
    this.key = key;
  }
}
