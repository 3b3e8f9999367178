/**
 * What an input has read in one run and not sent yet. Alone it waits as chunks. Where a chain of stateless steps is all that reads the
 * input, the input's operator runs the chain as well, batch by batch: nothing waits between the two, and lazy batches never become
 * arrays.
 */
import type { ChainRunner } from "../chain/runner.ts";
import { type Chunk, cut, cutFirst } from "../chunk.ts";
import { type Batch, LazyBatch } from "../lazy-batch.ts";
import { stopwatch, type StepMetrics } from "../metrics.ts";
import { bytesPerRecord } from "./size.ts";

export interface Gather {
  take(batch: Batch, epoch: number): void;
  /** Records that wait to be sent. */
  readonly records: number;
  /** About how many bytes a record takes of those that were gathered last. */
  readonly recordBytes: number;
  /** Hands over all that waits: an array of chunks for each output that has some. */
  send(give: (output: number, chunks: Chunk[]) => void): void;
}

/** Cuts batches, the very first one more finely. */
function cutter(): (batch: Batch, emit: (piece: Batch) => void) => void {
  let began = false;
  return (batch, emit) => {
    (began ? cut : cutFirst)(batch, emit);
    began = true;
  };
}

export function gatherChunks(): Gather {
  const pieces = cutter();
  let chunks: Chunk[] = [];
  let records = 0;
  let recordBytes = 0;
  const add = (values: Batch): void => void chunks.push({ keys: undefined, values: values as unknown[] });
  return {
    take(batch) {
      const values = batch instanceof LazyBatch ? batch.toArray() : batch;
      recordBytes = bytesPerRecord(values);
      records += values.length;
      pieces(values, add);
    },
    get records() {
      return records;
    },
    get recordBytes() {
      return recordBytes;
    },
    send(give) {
      if (chunks.length === 0) return;
      const sent = chunks;
      chunks = [];
      records = 0;
      give(0, sent);
    },
  };
}

/** @param build makes the runner, which tells of each chunk that it emits */
export function gatherThroughChain(metrics: StepMetrics, build: (onEmit: (chunk: Chunk) => void) => ChainRunner): Gather {
  const pieces = cutter();
  let records = 0;
  let recordBytes = 0;
  /** Of the batch at hand. */
  let last: Chunk | undefined;
  let epochNow = 0;
  const runner = build((chunk) => {
    records += chunk.values.length;
    last = chunk;
  });
  const run = (piece: Batch): void => {
    if (piece instanceof LazyBatch) runner.runLazy(piece, epochNow);
    else runner.run({ keys: undefined, values: piece }, epochNow);
  };
  return {
    take(batch, epoch) {
      const start = stopwatch();
      epochNow = epoch;
      pieces(batch, run);
      if (last !== undefined) recordBytes = bytesPerRecord(last.values) + (last.keys === undefined ? 0 : bytesPerRecord(last.keys));
      last = undefined;
      const seconds = (stopwatch() - start) / 1000;
      runner.share(seconds);
      // The operator's whole time is counted as the input's.
      metrics.busySeconds -= seconds;
    },
    get records() {
      return records;
    },
    get recordBytes() {
      return recordBytes;
    },
    send(give) {
      records = 0;
      runner.send(give);
    },
  };
}
