/** Entry of the compaction's thread: one share of one wave, then it ends; the work is in compact-partitions.ts. */
import { parentPort, workerData } from "node:worker_threads";
import { openFileCache } from "../files/index.ts";
import { openStore } from "../stores/index.ts";
import { toPosted } from "../thread/index.ts";
import type { CompactionThreadData, FromCompactor } from "./compact-in-thread.ts";
import { compactPartitions } from "./compact-partitions.ts";

const post = (message: FromCompactor): void => parentPort?.postMessage(message);
const { address, plan, share, cacheDirectory } = workerData as CompactionThreadData;
const store = openStore(address.url, address);
try {
  const source = cacheDirectory === undefined ? undefined : (await openFileCache(cacheDirectory)).source(store);
  post({ result: await compactPartitions(store, plan, { ...share, source }) });
} catch (error) {
  post({ error: toPosted(error) });
} finally {
  await store.close();
}
