/** The writer in a thread of its own: sorting, SQLite, compression and upload go on beside the worker. Batches are moved, not copied. */
import { WeirError } from "../../errors/index.ts";
import { type PostedError, fromPosted, onThreadDeath, postable, startThread, transferable } from "../thread/index.ts";
import type { RowBatch, StoreAddress } from "../types.ts";
import { createQueueGauge } from "./queue-gauge.ts";
import type { Sealed, SnapshotWriter, WriterIdentity } from "./types.ts";

export type ToWriter =
  | { readonly kind: "add"; readonly batch: RowBatch }
  | { readonly kind: "seal"; readonly epoch: number }
  | { readonly kind: "close" };
/** Answers to seals come in their order. */
export type FromWriter = { readonly sealed: Sealed } | { readonly error: PostedError } | { readonly stored: number };
export interface WriterThreadData {
  readonly address: StoreAddress;
  readonly identity: WriterIdentity;
  readonly cacheDirectory: string | undefined;
  readonly partBytes: number | undefined;
}

interface Waiting {
  resolve(sealed: Sealed): void;
  reject(error: WeirError): void;
}

export function createThreadWriter(data: WriterThreadData, highWaterBytes: number): SnapshotWriter {
  const worker = startThread(import.meta.resolve("./writer-thread"), { ...data, address: postable(data.address) }, "weir-writer");
  const gauge = createQueueGauge(highWaterBytes);
  const waiting: Waiting[] = [];
  let ended: WeirError | undefined;
  let closing = false;

  /** The process does not end while somebody waits for an answer, or for relief. */
  const stayWhileAwaited = (): void => {
    if (waiting.length > 0 || gauge.congested()) worker.ref();
    else worker.unref();
  };
  const end = (error: WeirError): void => {
    ended ??= closing ? new WeirError("WEIR_EXECUTION_ENDED", "the snapshot writer was closed") : error;
    for (const { reject } of waiting.splice(0)) reject(ended);
    // Nobody waits for relief that will not come.
    gauge.stored(gauge.queuedBytes());
  };
  worker.on("message", (answer: FromWriter) => {
    if ("stored" in answer) {
      gauge.stored(answer.stored);
      return stayWhileAwaited();
    }
    const first = waiting.shift();
    stayWhileAwaited();
    if ("error" in answer) first?.reject(fromPosted(answer.error));
    else first?.resolve(answer.sealed);
  });
  onThreadDeath(worker, "the snapshot writer's thread", end);
  const post = (message: ToWriter, transfer: readonly ArrayBuffer[] = []): void => worker.postMessage(message, transfer);
  return {
    add(batch) {
      if (batch.rows === 0 || ended !== undefined) return;
      gauge.added(batch.bytes.byteLength);
      stayWhileAwaited();
      const moved = transferable(batch);
      post({ kind: "add", batch: moved.batch }, moved.transfer);
    },
    seal(epoch) {
      if (ended !== undefined) return Promise.reject(ended);
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        stayWhileAwaited();
        post({ kind: "seal", epoch });
      });
    },
    congested: gauge.congested,
    queuedBytes: gauge.queuedBytes,
    onRelief: gauge.onRelief,
    async close() {
      if (ended !== undefined || closing) return;
      closing = true;
      gauge.forget();
      const exited = new Promise((resolve) => worker.once("exit", resolve));
      worker.ref();
      post({ kind: "close" });
      await exited;
    },
  };
}
