/**
 * Buffers that are used again while much is written or read: the kernel makes each page of a new one when it is first touched, which takes
 * longer than copying into it. They are as long as what is usual here, and are kept as long as whoever made this.
 */
import { Buffer } from "node:buffer";
import { freeBytes } from "./free-bytes.ts";

export interface SpareBuffers {
  /** At least so many bytes; what is in them is old. */
  borrow(bytes: number): Buffer;
  /** Nobody reads them any more: a buffer that was borrowed, from its beginning on. */
  giveBack(bytes: Uint8Array): void;
  /** Nothing more is to come for now. */
  release(): void;
}

/** @param usual bytes: what is longer, or so short that this would be a waste, is not kept. @param most buffers that are kept */
export function createSpareBuffers(usual: number, most: number): SpareBuffers {
  const lent = new Set<ArrayBufferLike>();
  let spare: Buffer[] = [];
  return {
    borrow(bytes) {
      if (bytes > usual || bytes < usual / 8) return Buffer.allocUnsafeSlow(bytes);
      const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(usual);
      lent.add(buffer.buffer);
      return buffer;
    },
    giveBack(bytes) {
      if (lent.delete(bytes.buffer) && spare.length < most) spare.push(Buffer.from(bytes.buffer));
      else freeBytes(bytes);
    },
    release() {
      for (const buffer of spare) freeBytes(buffer);
      spare = [];
    },
  };
}
