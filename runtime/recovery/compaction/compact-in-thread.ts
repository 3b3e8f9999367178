/** A share of a wave in a thread that is started for it: the worker goes on, and the memory is given back when it ends. */
import { WeirError } from "../../errors/index.ts";
import { type PostedError, fromPosted, onThreadDeath, postable, startThread } from "../thread/index.ts";
import type { StoreAddress } from "../types.ts";
import type { CompactionResult, CompactionShare } from "./compact-partitions.ts";
import type { CompactionPlan } from "./plan-compaction.ts";

export interface CompactionThreadData {
  readonly address: StoreAddress;
  readonly plan: CompactionPlan;
  readonly share: Omit<CompactionShare, "source">;
  /** See openFileCache. */
  readonly cacheDirectory: string | undefined;
}
export type FromCompactor = { readonly result: CompactionResult } | { readonly error: PostedError };

/**
 * As `compactPartitions`.
 * @param signal gives the wave up, when the execution ends for instance: rejects with WEIR_EXECUTION_ENDED
 */
export function compactInThread(
  address: StoreAddress,
  plan: CompactionPlan,
  share: Omit<CompactionShare, "source">,
  options: { readonly cacheDirectory?: string | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<CompactionResult> {
  return new Promise((resolve, reject) => {
    const data: CompactionThreadData = { address: postable(address), plan, share, cacheDirectory: options.cacheDirectory };
    const worker = startThread(import.meta.resolve("./compaction-thread"), data, "weir-compaction");
    const stop = (): void => {
      reject(new WeirError("WEIR_EXECUTION_ENDED", "the compaction was given up"));
      void worker.terminate();
    };
    worker.once("message", (message: FromCompactor) => {
      if ("error" in message) reject(fromPosted(message.error));
      else resolve(message.result);
    });
    onThreadDeath(worker, "the compaction's thread", (error) => {
      options.signal?.removeEventListener("abort", stop);
      reject(error);
    });
    if (options.signal?.aborted === true) stop();
    else options.signal?.addEventListener("abort", stop, { once: true });
  });
}
