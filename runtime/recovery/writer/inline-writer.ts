/** The writer in the caller's thread: deterministic, for simulation and tests. Seals run one after the other. */
import type { RowBatch, Store } from "../types.ts";
import { createDeltaWriter } from "./delta-writer.ts";
import type { Sealed, SnapshotWriter, WriterIdentity } from "./types.ts";

export function createInlineWriter(
  store: Store,
  identity: WriterIdentity,
  highWaterBytes: number,
  now?: () => number,
): SnapshotWriter {
  const writer = createDeltaWriter(store, identity, now);
  const listeners: (() => void)[] = [];
  let queued = 0;
  let unsealed = 0;
  let last: Promise<unknown> = Promise.resolve();
  return {
    add(batch: RowBatch) {
      queued += batch.bytes.byteLength;
      unsealed += batch.bytes.byteLength;
      writer.add(batch);
    },
    seal(epoch): Promise<Sealed> {
      const covered = unsealed;
      unsealed = 0;
      const result = last.then(async () => {
        const sealed = await writer.seal(epoch);
        const wasCongested = queued > highWaterBytes;
        queued -= covered;
        if (wasCongested && queued <= highWaterBytes) for (const listener of listeners) listener();
        return sealed;
      });
      last = result.catch(() => undefined);
      return result;
    },
    congested: () => queued > highWaterBytes,
    queuedBytes: () => queued,
    onRelief: (listener) => void listeners.push(listener),
    async close() {
      await last;
    },
  };
}
