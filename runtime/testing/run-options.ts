export interface RunOptions {
  /** Timely workers, all on this thread, interleaved. Default 1. */
  workers?: number;
  /** Length of an epoch in milliseconds; 0 = every batch is its own epoch. Default 200. */
  epochMs?: number;
  recovery?: {
    /** `file:///dir`, `s3://bucket/prefix` or `azure://container/prefix`. */
    store: string;
    /** Fixed when the store is first used (default 128); a different number later is an error. */
    partitions?: number;
    /** Milliseconds between snapshots; 0 = a snapshot at every epoch. Default 10 000. */
    snapshotMs?: number;
    /** Snapshots that stay restorable. Default 1. */
    retain?: number;
    /** Resume from this epoch's snapshot instead of the newest; it must be retained. */
    fromEpoch?: number;
    allowDroppedState?: boolean;
  };
  /** The system clock of the run: of `systemClock`, `eventClock`, `notifyAt` and polling. Epochs, snapshots and PAUSE keep real time. */
  now?: () => number;
}
