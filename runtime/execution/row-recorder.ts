import type { Recorder } from "../flow/runtime.ts";
import { createRowPacker } from "../recovery/index.ts";
import type { RowBatch } from "../recovery/types.ts";
import { encodeValue } from "../timely/communication/codec/index.ts";

/** Packs what operators record into batches for the snapshot writer: large ones, because each may cross a thread. */
export interface RowRecorder extends Recorder {
  /** What the writer says of its queue. */
  setFull(full: boolean): void;
  /** Hands over what is packed. */
  flush(): void;
  takePrepared(): readonly (readonly [step: string, value: unknown, epoch: number])[];
}

/** Bytes after which a batch is handed over. */
const batchBytes = 256 * 1024;

export function createRowRecorder(enabled: boolean, post: (batch: RowBatch) => void): RowRecorder {
  const packer = createRowPacker();
  let prepared: (readonly [string, unknown, number])[] = [];
  /** As they were recorded last, by step and part. */
  const positions = new Map<string, Map<string, Uint8Array>>();
  let full = false;
  const listeners: (() => void)[] = [];
  const flush = (): void => {
    if (packer.rows > 0) post(packer.take());
  };
  return {
    enabled,
    state(step, epoch, partition, key, value) {
      packer.state(step, epoch, partition, key, value);
      if (packer.size >= batchBytes) flush();
    },
    part(step, epoch, part, value) {
      const bytes = encodeValue(value);
      let known = positions.get(step);
      if (known === undefined) positions.set(step, (known = new Map()));
      const before = known.get(part);
      // A part that is read in vain stays where it is: an idle flow has nothing to write.
      if (before !== undefined && Buffer.compare(before, bytes) === 0) return;
      known.set(part, Uint8Array.from(bytes));
      packer.part(step, epoch, part, bytes);
    },
    prepared(step, epoch, value) {
      prepared.push([step, value, epoch]);
    },
    get full() {
      return full;
    },
    onRoom: (listener) => void listeners.push(listener),
    setFull(now) {
      const relieved = full && !now;
      full = now;
      if (relieved) for (const listener of listeners) listener();
    },
    flush,
    takePrepared() {
      const taken = prepared;
      prepared = [];
      return taken;
    },
  };
}
