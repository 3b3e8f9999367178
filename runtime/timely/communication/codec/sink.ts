/**
 * Where encoders write: one growing buffer per thread, reused by every frame. A frame is read off with `view` (valid until
 * the next frame) or `copy`. Invariant: nobody writes past what `reserve` granted.
 */
import { endianness } from "node:os";
import { invariant } from "../../../errors/index.ts";

invariant(endianness() === "LE", "the codec copies typed arrays as they are and needs a little-endian machine");

export interface Sink {
  bytes: Buffer;
  view: DataView;
  /** Next free byte. */
  at: number;
  /** Names of the objects already written in this frame; the index is the shape's. */
  readonly shapes: (readonly string[])[];
  /** The same by key (JSON of the names), once there are many. */
  shapesByKey: Map<string, number> | undefined;
}

const initial = 1 << 16;
/** A buffer that one big frame has blown up is not kept. */
const keep = 8 << 20;

export function createSink(): Sink {
  const bytes = Buffer.allocUnsafeSlow(initial);
  return { bytes, view: new DataView(bytes.buffer), at: 0, shapes: [], shapesByKey: undefined };
}

/** Starts a frame. */
export function begin(sink: Sink): void {
  if (sink.bytes.length > keep) resize(sink, initial, 0);
  sink.at = 0;
  if (sink.shapes.length > 0) sink.shapes.length = 0;
  sink.shapesByKey = undefined;
}

/** Makes room for `more` bytes at `sink.at`. */
export function reserve(sink: Sink, more: number): void {
  const needed = sink.at + more;
  if (needed > sink.bytes.length) resize(sink, Math.max(needed, sink.bytes.length * 2), sink.at);
}

function resize(sink: Sink, size: number, used: number): void {
  const bytes = Buffer.allocUnsafeSlow(size);
  sink.bytes.copy(bytes, 0, 0, used);
  sink.bytes = bytes;
  sink.view = new DataView(bytes.buffer);
}

export function putByte(sink: Sink, byte: number): void {
  if (sink.at >= sink.bytes.length) reserve(sink, 1);
  sink.bytes[sink.at++] = byte;
}

/** A non-negative safe integer. */
export function putVarint(sink: Sink, value: number): void {
  reserve(sink, 8);
  const bytes = sink.bytes;
  let at = sink.at;
  while (value >= 0x80) {
    bytes[at++] = (value % 0x80) | 0x80;
    value = value < 0x80000000 ? value >>> 7 : Math.floor(value / 0x80);
  }
  bytes[at++] = value;
  sink.at = at;
}

export function putFloat(sink: Sink, value: number): void {
  reserve(sink, 8);
  sink.view.setFloat64(sink.at, value, true);
  sink.at += 8;
}

export function putBytes(sink: Sink, bytes: Uint8Array): void {
  reserve(sink, bytes.length);
  sink.bytes.set(bytes, sink.at);
  sink.at += bytes.length;
}

/** The frame as it lies in the sink: valid until the next frame begins. */
export function view(sink: Sink): Uint8Array {
  // Not a Buffer: its `slice` would not copy.
  return new Uint8Array(sink.bytes.buffer, 0, sink.at);
}

/** The frame in memory of its own. */
export function copy(sink: Sink): Uint8Array {
  const frame = new Uint8Array(sink.at);
  frame.set(sink.bytes.subarray(0, sink.at));
  return frame;
}
