/** Copies a range from buffer to buffer: few bytes in a loop, as a call into the native copy costs more than they do. */
import type { Buffer } from "node:buffer";

export function copyBytes(source: Buffer, start: number, end: number, target: Buffer, at: number): void {
  if (end - start > 64) source.copy(target, at, start, end);
  else for (let i = start, to = at; i < end; i += 1, to += 1) target[to] = source[i] as number;
}
