/** Batches that no file has yet, in the order in which they came. */
import { epochsOf } from "../rows.ts";
import { splitAfter } from "../split-rows.ts";
import type { RowBatch } from "../types.ts";

export interface PendingRows {
  readonly bytes: number;
  add(batch: RowBatch): void;
  /** The lowest epoch of rows among the first `bytes`, about. */
  lowest(bytes: number): number;
  /**
   * Takes batches with rows of at most this epoch, until they have `most` bytes; they may have later rows too, which stay here, in batches
   * of their own. `bytes`: without those.
   */
  take(upTo: number, most: number): { readonly batches: RowBatch[]; readonly bytes: number };
}

interface Pending {
  readonly batch: RowBatch;
  readonly lowest: number;
  readonly highest: number;
}

export function createPendingRows(): PendingRows {
  let pending: Pending[] = [];
  let bytes = 0;
  const withEpochs = (batch: RowBatch): Pending => ({ batch, ...epochsOf(batch) });
  return {
    get bytes() {
      return bytes;
    },
    add(batch) {
      pending.push(withEpochs(batch));
      bytes += batch.bytes.byteLength;
    },
    lowest(within) {
      let lowest = Infinity;
      let seen = 0;
      for (let i = 0; i < pending.length && seen < within; i += 1) {
        const entry = pending[i] as Pending;
        lowest = Math.min(lowest, entry.lowest);
        seen += entry.batch.bytes.byteLength;
      }
      return lowest;
    },
    take(upTo, most) {
      const batches: RowBatch[] = [];
      const kept: Pending[] = [];
      let taken = 0;
      let next = 0;
      for (; next < pending.length && taken < most; next += 1) {
        const entry = pending[next] as Pending;
        if (entry.lowest > upTo) {
          kept.push(entry);
          continue;
        }
        const later = entry.highest <= upTo ? [] : splitAfter([entry.batch], upTo);
        batches.push(entry.batch);
        taken += entry.batch.bytes.byteLength;
        for (const batch of later) {
          kept.push(withEpochs(batch));
          taken -= batch.bytes.byteLength;
        }
      }
      pending = [...kept, ...pending.slice(next)];
      bytes -= taken;
      return { batches, bytes: taken };
    },
  };
}
