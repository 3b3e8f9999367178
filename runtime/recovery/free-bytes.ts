/**
 * Gives a large buffer's memory back at once: a collector that sees a small object does not hurry, whatever hangs on it, and the next
 * buffer of that size would have its pages made anew by the kernel, which takes longer than filling it. A view into what others use, as
 * of Node's pool, is left alone.
 */
import { isMarkedAsUntransferable } from "node:worker_threads";

const worthIt = 64 * 1024;

export function freeBytes(bytes: Uint8Array): void {
  const { buffer, byteOffset } = bytes;
  if (byteOffset !== 0 || buffer.byteLength < worthIt || !(buffer instanceof ArrayBuffer)) return;
  if (!isMarkedAsUntransferable(buffer)) buffer.transfer(0);
}
