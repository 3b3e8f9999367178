/** The writer in the caller's thread: deterministic, for simulation and tests. Seals run one after the other. */
import type { Store } from "../types.ts";
import { createDeltaWriter } from "./delta-writer.ts";
import { createQueueGauge } from "./queue-gauge.ts";
import type { SnapshotWriter, WriterIdentity } from "./types.ts";

export function createInlineWriter(
  store: Store,
  identity: WriterIdentity,
  highWaterBytes: number,
  partBytes?: number,
): SnapshotWriter {
  const gauge = createQueueGauge(highWaterBytes);
  const writer = createDeltaWriter(store, identity, { onStored: gauge.stored, partBytes });
  let last: Promise<unknown> = Promise.resolve();
  return {
    add(batch) {
      if (batch.rows > 0) gauge.added(batch.bytes.byteLength);
      writer.add(batch);
    },
    seal(epoch) {
      const result = last.then(() => writer.seal(epoch));
      last = result.catch(() => undefined);
      return result;
    },
    congested: gauge.congested,
    queuedBytes: gauge.queuedBytes,
    onRelief: gauge.onRelief,
    async close() {
      gauge.forget();
      await last;
    },
  };
}
