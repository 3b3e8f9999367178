/**
 * Where decoders read. The bytes may come from anywhere, a stranger included: every read checks its bounds before it
 * touches or allocates anything, so that no length in the bytes can ask for more than the bytes could hold.
 */
import { WeirError } from "../../../errors/index.ts";

export interface Source {
  readonly bytes: Buffer;
  readonly view: DataView;
  at: number;
  readonly end: number;
  /** The shapes that this frame has defined. */
  shapes: FrameShape[] | undefined;
}

export interface FrameShape {
  readonly names: readonly string[];
  uses: number;
  take: ((source: Source, depth: number) => object) | undefined;
}

export function createSource(bytes: Uint8Array): Source {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    bytes: buffer,
    view: new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength),
    at: 0,
    end: buffer.length,
    shapes: undefined,
  };
}

export function damaged(source: Source, what: string): WeirError {
  return new WeirError(
    "WEIR_DECODE",
    `${what} at byte ${source.at} of ${source.end}; the bytes are truncated, altered or of another version`,
  );
}

/** Claims `length` bytes and returns where they start. */
export function take(source: Source, length: number): number {
  const start = source.at;
  if (length > source.end - start) throw damaged(source, `${length} more bytes expected`);
  source.at = start + length;
  return start;
}

export function takeByte(source: Source): number {
  const at = source.at;
  if (at >= source.end) throw damaged(source, "one more byte expected");
  source.at = at + 1;
  return source.bytes[at]!;
}

/** At most 2^53 - 1. */
export function takeVarint(source: Source): number {
  let value = 0;
  let scale = 1;
  for (let length = 0; length < 8; length++) {
    const byte = takeByte(source);
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      if (value > Number.MAX_SAFE_INTEGER) break;
      return value;
    }
    scale *= 0x80;
  }
  throw damaged(source, "length out of range");
}

/** A count of things that take at least one byte each. */
export function takeCount(source: Source): number {
  const count = takeVarint(source);
  if (count > source.end - source.at) throw damaged(source, `${count} entries cannot fit`);
  return count;
}

export function takeFloat(source: Source): number {
  return source.view.getFloat64(take(source, 8), true);
}

export function finish(source: Source): void {
  if (source.at !== source.end) throw damaged(source, `${source.end - source.at} bytes too many`);
}
