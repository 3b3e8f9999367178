/**
 * What travels in one WebSocket message between two processes: a packet. All numbers are little-endian.
 *
 *   packet    u8 1 · f64 sequence · f64 acknowledged · frames      numbered from 1, delivered once and in order
 *             u8 2 · f64 acknowledged                              acknowledgement and heartbeat; has no number
 *   frame     u32 length of the rest · u8 kind · rest
 *     1 message   u32 execution · u32 from worker · u32 target worker (or `everyWorker`) · encoded message
 *     2 credit    u32 execution · u32 from worker · u32 target worker · u32 bytes
 *     3 control   u32 length of JSON · JSON · bytes
 *     4 enter     u32 execution · u32 processes · u32 threads
 */
import { WeirError } from "../../../errors/index.ts";

export const PacketKind = { frames: 1, acknowledge: 2 } as const;
export const FrameKind = { message: 1, credit: 2, control: 3, enter: 4 } as const;
export const packetHead = 17;
export const everyWorker = 0xffff_ffff;

/** What a link hands its frames to. */
export interface FrameReceiver {
  message(execution: number, from: number, target: number, bytes: Uint8Array): void;
  credit(execution: number, from: number, target: number, bytes: number): void;
  control(message: unknown, payload: Uint8Array | undefined): void;
  enter(execution: number, processes: number, threads: number): void;
}

/** @throws WEIR_DECODE when the packet is not one of ours. */
export function readFrames(packet: Buffer, receiver: FrameReceiver): void {
  let at = packetHead;
  while (at < packet.length) {
    if (packet.length - at < 5) throw malformed("a frame without a head");
    const end = at + 4 + packet.readUInt32LE(at);
    if (end > packet.length || end < at + 5) throw malformed("a frame longer than its packet");
    readFrame(packet[at + 4]!, packet.subarray(at + 5, end), receiver);
    at = end;
  }
}

function readFrame(kind: number, rest: Buffer, receiver: FrameReceiver): void {
  if (kind === FrameKind.control) return readControl(rest, receiver);
  if (rest.length < 12) throw malformed("a frame shorter than its kind");
  const execution = rest.readUInt32LE(0);
  const second = rest.readUInt32LE(4);
  const third = rest.readUInt32LE(8);
  if (kind === FrameKind.message) return receiver.message(execution, second, third, rest.subarray(12));
  if (kind === FrameKind.enter) return receiver.enter(execution, second, third);
  if (kind !== FrameKind.credit || rest.length !== 16) throw malformed(`a frame of unknown kind ${kind}`);
  receiver.credit(execution, second, third, rest.readUInt32LE(12));
}

function readControl(rest: Buffer, receiver: FrameReceiver): void {
  if (rest.length < 4) throw malformed("a control frame without a head");
  const length = rest.readUInt32LE(0);
  if (length > rest.length - 4) throw malformed("a control message longer than its frame");
  let message: unknown;
  try {
    message = JSON.parse(rest.toString("utf8", 4, 4 + length));
  } catch (cause) {
    throw new WeirError("WEIR_DECODE", "a control message that is no JSON", { cause });
  }
  // A copy: the program may keep it, and should not keep the whole packet with it.
  receiver.control(message, rest.length > 4 + length ? new Uint8Array(rest.subarray(4 + length)) : undefined);
}

function malformed(what: string): WeirError {
  return new WeirError("WEIR_DECODE", `a peer sent ${what}; check that all processes run the same version of Weir`);
}

/** Frames on their way into a packet, copied together once. */
export interface PacketBuilder {
  readonly length: number;
  message(execution: number, from: number, target: number, bytes: Uint8Array): void;
  credit(execution: number, from: number, target: number, bytes: number): void;
  control(message: unknown, payload: Uint8Array | undefined): void;
  enter(execution: number, processes: number, threads: number): void;
  /** The packet in memory of its own; the builder starts anew. */
  seal(sequence: number, acknowledged: number): Buffer;
  clear(): void;
}

const initial = 1 << 14;

export function createPacketBuilder(): PacketBuilder {
  let buffer = Buffer.allocUnsafeSlow(initial);
  let at = packetHead;

  /** Writes the head of a frame whose rest is `size` bytes. */
  function frame(kind: number, size: number): void {
    const needed = at + 5 + size;
    if (needed > buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, buffer.length * 2));
      buffer.copy(larger, 0, 0, at);
      buffer = larger;
    }
    word(size + 1);
    buffer[at++] = kind;
  }
  function word(value: number): void {
    buffer[at] = value;
    buffer[at + 1] = value >>> 8;
    buffer[at + 2] = value >>> 16;
    buffer[at + 3] = value >>> 24;
    at += 4;
  }
  function put(bytes: Uint8Array): void {
    buffer.set(bytes, at);
    at += bytes.length;
  }

  return {
    get length() {
      return at - packetHead;
    },
    message(execution, from, target, bytes) {
      frame(FrameKind.message, 12 + bytes.length);
      word(execution);
      word(from);
      word(target);
      put(bytes);
    },
    credit(execution, from, target, bytes) {
      frame(FrameKind.credit, 16);
      word(execution);
      word(from);
      word(target);
      word(bytes);
    },
    control(message, payload) {
      const json = Buffer.from(JSON.stringify(message) ?? "null");
      frame(FrameKind.control, 4 + json.length + (payload?.length ?? 0));
      word(json.length);
      put(json);
      if (payload !== undefined) put(payload);
    },
    enter(execution, processes, threads) {
      frame(FrameKind.enter, 12);
      word(execution);
      word(processes);
      word(threads);
    },
    seal(sequence, acknowledged) {
      buffer[0] = PacketKind.frames;
      buffer.writeDoubleLE(sequence, 1);
      buffer.writeDoubleLE(acknowledged, 9);
      let packet: Buffer;
      if (at * 2 > buffer.length) {
        packet = buffer.subarray(0, at);
        buffer = Buffer.allocUnsafeSlow(initial);
      } else {
        packet = Buffer.from(buffer.subarray(0, at));
        if (buffer.length > 16 * initial) buffer = Buffer.allocUnsafeSlow(initial);
      }
      at = packetHead;
      return packet;
    },
    clear() {
      at = packetHead;
    },
  };
}

export function acknowledgement(acknowledged: number): Buffer {
  const packet = Buffer.allocUnsafe(9);
  packet[0] = PacketKind.acknowledge;
  packet.writeDoubleLE(acknowledged, 1);
  return packet;
}
