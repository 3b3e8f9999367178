import type { Recorder } from "../flow/runtime.ts";
import { createRowPacker } from "../recovery/index.ts";
import type { RowBatch } from "../recovery/types.ts";
import { encodeValue } from "../timely/communication/codec/index.ts";

/** Packs what operators record into batches for the snapshot writer: large ones, because each may cross a thread. */
export interface RowRecorder extends Recorder {
  /** Hands over what is packed. */
  flush(): void;
  takePrepared(): readonly (readonly [step: string, value: unknown, epoch: number])[];
}

/** Bytes after which a batch is handed over. */
const batchBytes = 256 * 1024;

export function createRowRecorder(enabled: boolean, post: (batch: RowBatch) => void): RowRecorder {
  const packer = createRowPacker();
  let prepared: (readonly [string, unknown, number])[] = [];
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
      packer.part(step, epoch, part, encodeValue(value));
    },
    prepared(step, epoch, value) {
      prepared.push([step, value, epoch]);
    },
    flush,
    takePrepared() {
      const taken = prepared;
      prepared = [];
      return taken;
    },
  };
}
