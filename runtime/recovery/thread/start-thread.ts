/**
 * Threads of recovery: work that would hold up the worker. A thread opens its own store, never outlives its use, and does not
 * keep the process alive. Errors cross as plain data, as a posted Error loses its class and code.
 */
import { Worker, isMarkedAsUntransferable } from "node:worker_threads";
import { type ErrorCode, WeirError, asWeirError, isWeirError } from "../../errors/index.ts";
import type { RowBatch, StoreAddress } from "../types.ts";

/** @param entry the entry file's URL without extension: sources run as .ts, the built package as .js */
export function startThread(entry: string, workerData: unknown, name: string): Worker {
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const worker = new Worker(new URL(entry + extension), { workerData, name });
  worker.unref();
  return worker;
}

/** `process.env` itself cannot be posted, and a thread would see a copy of it anyway. */
export function postable(address: StoreAddress): StoreAddress {
  return { ...address, env: address.env === undefined ? undefined : { ...address.env } };
}

export interface PostedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly step: string | undefined;
  readonly stack: string | undefined;
}
export function toPosted(error: unknown): PostedError {
  const known = isWeirError(error) ? error : asWeirError(error, "WEIR_STORE_FAILED", "recovery thread");
  return { code: known.code, message: known.message, step: known.step, stack: error instanceof Error ? error.stack : undefined };
}
export function fromPosted(posted: PostedError): WeirError {
  const error = new WeirError(posted.code, posted.message, { step: posted.step });
  if (posted.stack !== undefined) error.stack = posted.stack;
  return error;
}

/** Calls `fail` once when the thread ends by itself: out of memory, or a defect. */
export function onThreadDeath(worker: Worker, what: string, fail: (error: WeirError) => void): void {
  worker.once("error", (error) => fail(asWeirError(error, "WEIR_STORE_FAILED", `${what} failed`)));
  worker.once("exit", (code) => fail(new WeirError("WEIR_STORE_FAILED", `${what} ended with code ${code}`)));
}

/** A batch whose buffer is its own, so that it can be moved to another thread. */
export function transferable(batch: RowBatch): { readonly batch: RowBatch; readonly transfer: readonly ArrayBuffer[] } {
  const { buffer, byteOffset } = batch.bytes;
  if (buffer instanceof ArrayBuffer && byteOffset === 0 && !isMarkedAsUntransferable(buffer)) return { batch, transfer: [buffer] };
  const bytes = Uint8Array.from(batch.bytes);
  return { batch: { ...batch, bytes }, transfer: [bytes.buffer] };
}
