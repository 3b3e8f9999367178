/**
 * One ring: bytes from one thread to one other, in frames.
 *
 *        read ────────────┐             ┌──────────── written
 *                         ▼             ▼
 *   ┌───────────────────┬───────┬──────┬────────────────────┐
 *   │ free              │ frame │ frame│ free               │   capacity bytes, a power of two; positions wrap at 2^32
 *   └───────────────────┴───────┴──────┴────────────────────┘
 *   frame: length u32 (bit 31 = it is made of words) · word u32 (the transport's own) · bytes, padded to 8
 *
 * A frame begins at a multiple of 8, so its head never wraps; its bytes may. A frame that does not fit goes in as far as
 * there is room, the rest follows when the reader has made some: the reader puts such frames together again in memory of its own.
 * Neither side ever waits: what finds no room stays in the writer's overflow queue (which credit bounds).
 */
import { createQueue } from "../queue.ts";
import { Cell, cellsOf, ringCell, ringOffset, wake, type RingSetup } from "./memory.ts";

export interface RingWriter {
  /** Queues a frame; `bytes` may be reused after the call. */
  write(word: number, bytes: Uint8Array): void;
  /** The same, as words of 32 bits: the first `heads` of `head`, then `count` of `values` from `from` on. */
  writeWords(word: number, head: Int32Array, heads: number, values: Int32Array, from: number, count: number): void;
  /** Makes what was written visible and wakes the reader. Returns whether nothing is left in the overflow queue. */
  publish(): boolean;
  /** Bytes in the overflow queue. */
  overflow(): number;
  /** Whether `publish` could move some of the overflow queue on. */
  unstuck(): boolean;
  /** Forgets the overflow queue. */
  drop(): void;
}

export interface RingReader {
  ready(): boolean;
  /** Hands over the frames that are complete, while they are good: until the receiver returns. Returns whether there was one. */
  read(receiver: FrameReceiver): boolean;
}

export interface FrameReceiver {
  bytes(word: number, bytes: Uint8Array): void;
  /** `count` words of `memory` from `at` on. */
  words(word: number, memory: Int32Array, at: number, count: number): void;
}

const head = 8;
const ofWords = 0x8000_0000;
/** Fewer words are copied faster one by one. */
const fewWords = 48;

interface Waiting {
  /** With the bit that says what it is made of. */
  readonly length: number;
  readonly word: number;
  readonly bytes: Uint8Array;
  /** Bytes already in the ring; -1 when the head is not in yet. */
  at: number;
}

interface Memory {
  readonly cells: Int32Array;
  readonly cell: number;
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
}

function memoryOf(setup: RingSetup, from: number, to: number): Memory {
  const offset = ringOffset(setup) + (from * setup.members + to) * setup.capacity;
  return {
    cells: cellsOf(setup),
    cell: ringCell(setup, from, to),
    bytes: new Uint8Array(setup.memory, offset, setup.capacity),
    words: new Int32Array(setup.memory, offset, setup.capacity >>> 2),
  };
}

export function createRingWriter(setup: RingSetup, from: number, to: number): RingWriter {
  const { cells, cell, bytes: ring, words } = memoryOf(setup, from, to);
  const { capacity } = setup;
  const mask = capacity - 1;
  const wordMask = mask >>> 2;
  const waiting = createQueue<Waiting>();
  let waitingBytes = 0;
  let written = Atomics.load(cells, cell + Cell.written) >>> 0;
  let published = written;
  let readSeen = Atomics.load(cells, cell + Cell.read) >>> 0;

  function room(wanted: number): number {
    let free = capacity - ((written - readSeen) >>> 0);
    if (free < wanted) {
      readSeen = Atomics.load(cells, cell + Cell.read) >>> 0;
      free = capacity - ((written - readSeen) >>> 0);
    }
    return free;
  }
  function putHead(word: number, length: number): void {
    const at = (written & mask) >>> 2;
    words[at] = length;
    words[at + 1] = word;
    written = (written + head) >>> 0;
  }
  function putBytes(bytes: Uint8Array): void {
    const at = written & mask;
    const first = capacity - at;
    if (bytes.length <= first) ring.set(bytes, at);
    else {
      ring.set(bytes.subarray(0, first), at);
      ring.set(bytes.subarray(first), 0);
    }
    written = (written + padded(bytes.length)) >>> 0;
  }
  function putWords(values: Int32Array, from: number, count: number): void {
    let at = (written & mask) >>> 2;
    written = (written + 4 * count) >>> 0;
    if (count < fewWords) {
      for (let i = 0; i < count; i++) words[(at + i) & wordMask] = values[from + i]!;
      return;
    }
    const first = words.length - at;
    if (count > first) {
      words.set(values.subarray(from, from + first), at);
      from += first;
      count -= first;
      at = 0;
    }
    words.set(values.subarray(from, from + count), at);
  }
  function keep(word: number, length: number, bytes: Uint8Array): void {
    waiting.push({ length, word, bytes, at: -1 });
    waitingBytes += bytes.length;
  }
  /** Moves the overflow queue into the ring as far as there is room. */
  function refill(): void {
    while (waiting.length > 0) {
      const frame = waiting.peek()!;
      if (frame.at < 0) {
        if (room(head) < head) return;
        putHead(frame.word, frame.length);
        frame.at = 0;
      }
      const left = frame.bytes.length - frame.at;
      const size = Math.min(left, room(padded(left)));
      if (size > 0) putBytes(frame.bytes.subarray(frame.at, frame.at + size));
      frame.at += size;
      waitingBytes -= size;
      if (size < left) return;
      waiting.shift();
    }
  }
  function show(): void {
    if (published === written) return;
    published = written;
    Atomics.store(cells, cell + Cell.written, written | 0);
    wake(cells, to);
  }

  return {
    write(word, bytes) {
      if (waiting.length === 0) {
        const size = head + padded(bytes.length);
        if (room(size) >= size) {
          putHead(word, bytes.length);
          return putBytes(bytes);
        }
      }
      keep(word, bytes.length, new Uint8Array(bytes));
    },
    writeWords(word, first, heads, values, from, count) {
      const length = 4 * (heads + count);
      if (waiting.length === 0) {
        const size = head + padded(length);
        if (room(size) >= size) {
          putHead(word, length | ofWords);
          putWords(first, 0, heads);
          putWords(values, from, count);
          written = padded(written) >>> 0;
          return;
        }
      }
      const copy = new Int32Array(heads + count);
      copy.set(first.subarray(0, heads));
      copy.set(values.subarray(from, from + count), heads);
      keep(word, length | ofWords, new Uint8Array(copy.buffer));
    },
    publish() {
      if (waiting.length > 0) refill();
      show();
      if (waiting.length === 0) return true;
      // Ask for a wake-up first and look again after that: the reader looks at these in the opposite order.
      Atomics.store(cells, cell + Cell.roomWanted, 1);
      refill();
      show();
      return waiting.length === 0;
    },
    overflow: () => waitingBytes,
    unstuck: () => waiting.length > 0 && room(capacity) > 0,
    drop() {
      waiting.clear();
      waitingBytes = 0;
    },
  };
}

export function createRingReader(setup: RingSetup, from: number, to: number): RingReader {
  const { cells, cell, bytes: ring, words } = memoryOf(setup, from, to);
  const { capacity } = setup;
  const mask = capacity - 1;
  let read = Atomics.load(cells, cell + Cell.read) >>> 0;
  let scratch = new Uint8Array(4096);
  let scratchWords = new Int32Array(scratch.buffer);
  /** A frame of which not all bytes have come yet. */
  let partial: { readonly length: number; readonly word: number; readonly bytes: Uint8Array; at: number } | undefined;

  function copyTo(target: Uint8Array, at: number, size: number): void {
    const start = read & mask;
    const first = capacity - start;
    if (size <= first) target.set(ring.subarray(start, start + size), at);
    else {
      target.set(ring.subarray(start, capacity), at);
      target.set(ring.subarray(0, size - first), at + first);
    }
    read = (read + padded(size)) >>> 0;
  }
  function free(): void {
    Atomics.store(cells, cell + Cell.read, read | 0);
    if (Atomics.load(cells, cell + Cell.roomWanted) !== 0 && Atomics.exchange(cells, cell + Cell.roomWanted, 0) !== 0)
      wake(cells, from);
  }

  return {
    ready: () => Atomics.load(cells, cell + Cell.written) >>> 0 !== read,
    read(receiver) {
      const end = Atomics.load(cells, cell + Cell.written) >>> 0;
      if (end === read) return false;
      let delivered = false;
      let freed = read;
      try {
        while (read !== end) {
          if (partial !== undefined) {
            const size = Math.min(partial.bytes.length - partial.at, (end - read) >>> 0);
            copyTo(partial.bytes, partial.at, size);
            partial.at += size;
            if (partial.at < partial.bytes.length) break;
            const { length, word, bytes } = partial;
            partial = undefined;
            delivered = true;
            if (length >= 0) receiver.bytes(word, bytes);
            else receiver.words(word, new Int32Array(bytes.buffer), 0, bytes.length >>> 2);
            continue;
          }
          const at = (read & mask) >>> 2;
          const kind = words[at]!;
          const length = kind & ~ofWords;
          const word = words[at + 1]! >>> 0;
          read = (read + head) >>> 0;
          if (padded(length) > (end - read) >>> 0) {
            partial = { length: kind, word, bytes: new Uint8Array(length), at: 0 };
            continue;
          }
          delivered = true;
          const start = read & mask;
          if (kind < 0 && start + length <= capacity) {
            // Words are read where they lie.
            read = (read + padded(length)) >>> 0;
            receiver.words(word, words, start >>> 2, length >>> 2);
          } else {
            if (scratch.length < length) {
              scratch = new Uint8Array(padded(length * 2));
              scratchWords = new Int32Array(scratch.buffer);
            }
            copyTo(scratch, 0, length);
            if (kind < 0) receiver.words(word, scratchWords, 0, length >>> 2);
            else receiver.bytes(word, scratch.subarray(0, length));
          }
          if (((read - freed) >>> 0) * 4 > capacity) {
            freed = read;
            free();
          }
        }
      } finally {
        free();
      }
      return delivered;
    },
  };
}

function padded(length: number): number {
  return (length + 7) & ~7;
}
