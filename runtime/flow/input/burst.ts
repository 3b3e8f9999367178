/**
 * How much an input reads in one run. A source with a backlog gives full batches, and each of them costs a step of the worker, which
 * several in one run share. A run grows while the flow is done with the last one within a millisecond, and shrinks to one batch when
 * it is not: sockets and ticks wait until the worker's turn is over.
 */

/** Records that a run may gather. */
const most = 16_384;
/** A batch of fewer records is all that its source has just now, and goes on its way at once. */
const backlog = 256;

export interface Burst {
  /** A run begins, at a time in milliseconds of the run's clock. */
  begin(now: number): void;
  /** Whether the run goes on reading. @param records that it has read so far */
  goesOn(records: number): boolean;
}

export function createBurst(): Burst {
  /** Records at which the run ends. */
  let limit = 0;
  let last = -Infinity;
  let read = 0;
  return {
    begin(now) {
      // What was read last has been through this worker's part of the flow since.
      limit = now - last > 1 ? 0 : Math.min(most, 2 * read);
      last = now;
      read = 0;
    },
    goesOn(records) {
      const full = records - read >= backlog;
      read = records;
      return full && records < limit;
    },
  };
}
