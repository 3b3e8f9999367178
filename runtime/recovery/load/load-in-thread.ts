/** Loading with fetching, unpacking and SQLite in a thread of its own: for big states, beside the worker that takes the rows in. */
import { type PostedError, fromPosted, onThreadDeath, postable, startThread } from "../thread/index.ts";
import type { RowBatch, Snapshot, StoreAddress } from "../types.ts";

/** Plain data, unlike LoadOptions: it is posted. */
export interface ThreadLoadOptions {
  readonly partitions: readonly number[];
  /** Positions of sources and sinks. */
  readonly parts: boolean;
  /** Steps whose rows are wanted; default all. */
  readonly steps?: readonly string[] | undefined;
  /** See openFileCache. */
  readonly cacheDirectory?: string | undefined;
  /** Paths of files that are passed over. */
  readonly except?: readonly string[] | undefined;
}
export interface LoadThreadData {
  readonly address: StoreAddress;
  readonly snapshot: Snapshot;
  readonly options: ThreadLoadOptions;
}
export type FromLoader = { readonly batch: RowBatch } | { readonly done: true } | { readonly error: PostedError };

/** Batches that may wait between the threads. */
export const loadWindow = 8;

/** As `loadSnapshot`. Leaving the loop early ends the thread. */
export async function* loadSnapshotInThread(
  address: StoreAddress,
  snapshot: Snapshot,
  options: ThreadLoadOptions,
): AsyncIterable<RowBatch> {
  const data: LoadThreadData = { address: postable(address), snapshot, options };
  const worker = startThread(import.meta.resolve("./load-thread"), data, "weir-loader");
  worker.ref();
  const arrived: FromLoader[] = [];
  let wake: () => void = () => undefined;
  const take = (message: FromLoader): void => {
    arrived.push(message);
    wake();
  };
  worker.on("message", take);
  onThreadDeath(worker, "the loader's thread", ({ code, message, step, stack }) => take({ error: { code, message, step, stack } }));
  try {
    for (;;) {
      const message = arrived.shift();
      if (message === undefined) {
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      if ("error" in message) throw fromPosted(message.error);
      if ("done" in message) return;
      worker.postMessage("taken");
      yield message.batch;
    }
  } finally {
    // Nobody waits for the thread to give its memory back.
    worker.unref();
    void worker.terminate();
  }
}
