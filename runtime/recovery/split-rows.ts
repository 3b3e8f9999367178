/** Takes out of batches the rows that a snapshot does not cover, as they came: they wait for a later one. */
import { Buffer } from "node:buffer";
import { readU32 } from "./rows.ts";
import type { RowBatch } from "./types.ts";

/** Batches with the rows whose epoch is greater than `epoch`; most often there are none, or whole batches, and nothing is copied. */
export function splitAfter(batches: readonly RowBatch[], epoch: number): RowBatch[] {
  return batches.flatMap((batch) => {
    const bytes = Buffer.from(batch.bytes.buffer, batch.bytes.byteOffset, batch.bytes.byteLength);
    const later: Buffer[] = [];
    let at = 0;
    for (let row = 0; row < batch.rows; row += 1) {
      const keyEnd = at + 19 + readU32(bytes, at + 15);
      const end = keyEnd + 4 + readU32(bytes, keyEnd);
      if (bytes.readDoubleLE(at + 7) > epoch) later.push(bytes.subarray(at, end));
      at = end;
    }
    if (later.length === 0) return [];
    if (later.length === batch.rows) return [batch];
    return [{ steps: batch.steps, bytes: new Uint8Array(Buffer.concat(later)), rows: later.length }];
  });
}
