/**
 * A snapshot writer that needs a thread only for much: what little a quiet flow has to say is written before a thread would have
 * started, and not while a flow stands still to begin its next execution.
 *
 *   add … add   held until they are much ──▶ a thread takes them over, and all that follow
 *   seal        still little: packed, compressed and written from here
 *
 * Invariant: a row is given to one writer, and to it once.
 */
import { WeirError } from "../errors/index.ts";
import { type DeltaWriter, type SnapshotWriter, splitAfter } from "../recovery/index.ts";
import type { RowBatch } from "../recovery/types.ts";

/** Packed rows that take a few milliseconds to sort, encode and compress. */
const little = 64 * 1024;

/** @param small makes a writer for one seal; left out: everything goes to the writer that `start` makes */
export function createLateWriter(start: () => SnapshotWriter, small?: () => DeltaWriter | Promise<DeltaWriter>): SnapshotWriter {
  let writer: SnapshotWriter | undefined;
  let closed = false;
  let held: RowBatch[] = [];
  let heldBytes = 0;
  /** Seals from here, one after the other. */
  let sealing: Promise<unknown> = Promise.resolve();
  const relief: (() => void)[] = [];

  const started = (): SnapshotWriter => {
    if (writer === undefined) {
      writer = start();
      for (const listener of relief) writer.onRelief(listener);
      for (const batch of held.splice(0)) writer.add(batch);
      heldBytes = 0;
    }
    return writer;
  };
  return {
    add(batch) {
      if (closed) return;
      if (writer === undefined && small !== undefined && heldBytes + batch.bytes.byteLength <= little) {
        held.push(batch);
        heldBytes += batch.bytes.byteLength;
      } else started().add(batch);
    },
    seal(epoch) {
      if (closed) return Promise.reject(new WeirError("WEIR_EXECUTION_ENDED", "the snapshot writer was closed"));
      if (writer !== undefined || small === undefined) return started().seal(epoch);
      const covered = held;
      held = splitAfter(covered, epoch);
      heldBytes = held.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
      const sealed = sealing.then(async () => {
        const here = await small();
        for (const batch of covered) here.add(batch);
        return await here.seal(epoch);
      });
      sealing = sealed.catch(() => undefined);
      return sealed;
    },
    congested: () => writer?.congested() === true,
    queuedBytes: () => writer?.queuedBytes() ?? heldBytes,
    onRelief(listener) {
      relief.push(listener);
      writer?.onRelief(listener);
    },
    async close() {
      closed = true;
      relief.length = 0;
      const closing = writer?.close();
      await sealing;
      await closing;
    },
  };
}
