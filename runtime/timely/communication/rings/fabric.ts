/**
 * The fabric of one worker thread: a ring to and from every other thread of its process, and a ring to and from the main
 * thread, which knows the workers of other processes. Messages are encoded once, however many threads they go to; what one
 * sends to oneself is handed over as it is.
 *
 *   thread 0 ⇄ thread 1          ring f→t, word = one of `Sideward`
 *        ⇅        ⇅
 *       main thread  ⇄ mesh      to it: word = target worker, or one of `Upward`; from it: word = the worker it comes from
 *
 * Credit is a cell per (sender, receiver) that only grows; it gates sources (`congested`), never `send`.
 */
import { decodeMessage, viewMessage } from "../codec/index.ts";
import type { Fabric, Message, ProgressMessage } from "../fabric.ts";
import { createQueue } from "../queue.ts";
import { weigh } from "../weigh.ts";
import { createDoorbell } from "./doorbell.ts";
import { abortReason, Cell, cellsOf, creditCell, memberCell, wake, type RingSetup } from "./memory.ts";
import { createRingReader, createRingWriter, type FrameReceiver, type RingReader, type RingWriter } from "./ring.ts";

/** Words of frames to the main thread that are no worker's index. */
export const Upward = {
  /** A message for every worker of every other process. */
  broadcast: 0xffff_ffff,
  /** Credit given back: pairs of u32 (worker, bytes). */
  credit: 0xffff_fffe,
} as const;

/** Words of frames between worker threads. Small integers, which most progress and many records are, need no codec. */
const Sideward = {
  /** An encoded message. */
  message: 0,
  /** Progress, in words: dataflow, then the changes as they are. */
  changes: 1,
  /** Data, in words: dataflow, channel, time, then the records. */
  integers: 2,
} as const;
const noWords = new Int32Array(0);

type Deliver = (message: Message, from: number, weight: number) => void;

/** Joins the group as worker thread `thread`. To be called in that thread, once per setup. */
export function openRings(setup: RingSetup, thread: number): Fabric {
  const { workers, members, first, peers, window } = setup;
  const self = first + thread;
  const bridge = members > workers ? workers : -1;
  const cells = cellsOf(setup);
  const others = Array.from({ length: members }, (_, member) => member).filter((member) => member !== thread);
  const writers: (RingWriter | undefined)[] = [];
  const readers: (RingReader | undefined)[] = [];
  for (const member of others) {
    writers[member] = createRingWriter(setup, thread, member);
    readers[member] = createRingReader(setup, member, thread);
  }
  /** For the words of a frame. */
  let scratch = new Int32Array(64);
  const own = createQueue<{ readonly message: Message; readonly weight: number }>();
  /** Bytes sent to each peer, modulo 2^32. */
  const sent = new Uint32Array(peers);
  /** Bytes taken from workers of other processes and not yet reported. */
  const giveBack = new Uint32Array(bridge < 0 ? 0 : peers);
  let owing = false;
  let reported: boolean | undefined;
  const wakes: (() => void)[] = [];
  const failures: ((error: Error) => void)[] = [];
  let failure: Error | undefined;
  let closed = false;
  const doorbell = createDoorbell(setup, thread, ready, arrived);

  function outstandingAt(peer: number): number {
    const bytes = (sent[peer]! - Atomics.load(cells, creditCell(setup, thread, peer) + Cell.consumed)) >>> 0;
    // Who has left gives no credit back.
    return bytes > 0 && isLocal(peer) && Atomics.load(cells, memberCell(peer - first) + Cell.closed) !== 0 ? 0 : bytes;
  }
  function isLocal(peer: number): boolean {
    return peer >= first && peer < first + workers;
  }
  function congested(): boolean {
    for (let peer = 0; peer < peers; peer++) if (outstandingAt(peer) > window) return true;
    return false;
  }
  /** Asks every receiver that holds us up to wake us. */
  function awaitCredit(): boolean {
    let held = false;
    for (let peer = 0; peer < peers; peer++) {
      if (outstandingAt(peer) <= window) continue;
      const cell = creditCell(setup, thread, peer);
      Atomics.store(cells, cell + Cell.awaited, (sent[peer]! - window) | 0);
      Atomics.store(cells, cell + Cell.waiting, 1);
      if (outstandingAt(peer) > window) held = true;
    }
    return held;
  }
  function toMember(member: number, word: number, bytes: Uint8Array): void {
    if (Atomics.load(cells, memberCell(member) + Cell.closed) === 0) writers[member]!.write(word, bytes);
    else writers[member]!.drop();
  }
  function keep(message: Message): void {
    const weight = message.kind === "data" ? weigh(message.records) : 0;
    sent[self] = sent[self]! + weight;
    own.push({ message, weight });
  }
  /** The words of a change of progress as `scratch`, or 0 where it takes more than small integers. */
  function putChanges({ dataflow, changes }: ProgressMessage): number {
    const count = changes.length + 1;
    if (scratch.length < count) scratch = new Int32Array(count * 2);
    scratch[0] = dataflow;
    for (let i = 1; i < count; i++) {
      const change = changes[i - 1]!;
      if (typeof change !== "number") return 0;
      const integer = change | 0;
      if (integer !== change) return 0;
      scratch[i] = integer;
    }
    return count;
  }
  function wordsToMember(member: number, word: number, heads: number, values: Int32Array, from: number, count: number): void {
    if (Atomics.load(cells, memberCell(member) + Cell.closed) === 0)
      writers[member]!.writeWords(word, scratch, heads, values, from, count);
    else writers[member]!.drop();
  }
  function reportCredit(): void {
    owing = false;
    const pairs: number[] = [];
    for (let peer = 0; peer < peers; peer++) {
      if (giveBack[peer] === 0) continue;
      pairs.push(peer, giveBack[peer]!);
      giveBack[peer] = 0;
    }
    const frame = Uint32Array.from(pairs);
    toMember(bridge, Upward.credit, new Uint8Array(frame.buffer));
  }
  /** Returns whether everything sent has reached its ring. */
  function publish(): boolean {
    if (owing) reportCredit();
    let empty = true;
    for (const member of others) if (!writers[member]!.publish()) empty = false;
    return empty;
  }
  function arrivals(): boolean {
    if (own.length > 0) return true;
    for (const member of others) if (readers[member]!.ready()) return true;
    return false;
  }
  function ready(): boolean {
    if (abortReason(setup, cells) !== undefined) return true;
    for (const member of others) if (writers[member]!.unstuck()) return true;
    return !closed && (owing || arrivals() || (reported === true && !awaitCredit()));
  }
  function arrived(): void {
    const reason = abortReason(setup, cells);
    if (reason !== undefined) return fail(reason);
    const empty = publish();
    if (closed) return empty ? doorbell.close() : doorbell.watch();
    if (!empty) doorbell.watch();
    if (reported === true && !congested()) reported = undefined;
    else if (!arrivals()) return doorbell.watch();
    for (const wakeWorker of wakes) wakeWorker();
  }
  function fail(error: Error): void {
    if (failure !== undefined) return;
    failure = error;
    own.clear();
    Atomics.store(cells, memberCell(thread) + Cell.closed, 1);
    for (const member of others) writers[member]!.drop();
    doorbell.close();
    if (!closed) for (const listener of failures) listener(error);
  }
  let deliver: Deliver;
  const receivers = others.map((member): [member: number, FrameReceiver] => [
    member,
    {
      bytes(word, bytes) {
        // What `deliver` does may end the execution; nothing is delivered after that.
        if (failure !== undefined || closed) return;
        const message = decodeMessage(bytes);
        deliver(message, member === bridge ? word : first + member, message.kind === "data" ? bytes.length : 0);
      },
      words(word, memory, at, count) {
        if (failure !== undefined || closed) return;
        const dataflow = memory[at]!;
        const from = first + member;
        if (word === Sideward.changes) {
          deliver({ kind: "progress", dataflow, changes: numbersOf(memory, at + 1, count - 1) }, from, 0);
          return;
        }
        const records = numbersOf(memory, at + 3, count - 3);
        deliver({ kind: "data", dataflow, channel: memory[at + 1]!, time: memory[at + 2]!, records }, from, 4 * count);
      },
    },
  ]);

  return {
    index: self,
    peers,
    send(target, message) {
      if (failure !== undefined || closed) return;
      if (target === self) return keep(message);
      if (message.kind === "progress" && isLocal(target)) {
        const words = putChanges(message);
        if (words > 0) return wordsToMember(target - first, Sideward.changes, words, noWords, 0, 0);
      }
      const bytes = viewMessage(message);
      if (message.kind === "data") sent[target] = sent[target]! + bytes.length;
      if (isLocal(target)) toMember(target - first, Sideward.message, bytes);
      else toMember(bridge, target, bytes);
    },
    sendIntegers(target, dataflow, channel, time, values, from, count) {
      if (target === self || !isLocal(target) || (time | 0) !== time) {
        this.send(target, { kind: "data", dataflow, channel, time, records: numbersOf(values, from, count) });
        return;
      }
      if (failure !== undefined || closed) return;
      sent[target] = sent[target]! + 4 * (3 + count);
      scratch[0] = dataflow;
      scratch[1] = channel;
      scratch[2] = time;
      wordsToMember(target - first, Sideward.integers, 3, values, from, count);
    },
    broadcast(message) {
      if (failure !== undefined || closed) return;
      keep(message);
      if (peers === 1) return;
      const words = message.kind === "progress" ? putChanges(message) : 0;
      if (words > 0)
        for (const member of others) if (member !== bridge) wordsToMember(member, Sideward.changes, words, noWords, 0, 0);
      if (words > 0 && bridge < 0) return;
      const bytes = viewMessage(message);
      if (message.kind === "data")
        for (let peer = 0; peer < peers; peer++) if (peer !== self) sent[peer] = sent[peer]! + bytes.length;
      if (words > 0) return toMember(bridge, Upward.broadcast, bytes);
      for (const member of others) toMember(member, member === bridge ? Upward.broadcast : Sideward.message, bytes);
    },
    receive(to) {
      if (failure !== undefined || closed) return false;
      let any = false;
      for (let left = own.length; left > 0 && failure === undefined && !closed; left--) {
        const { message, weight } = own.shift()!;
        any = true;
        to(message, self, weight);
      }
      deliver = to;
      for (const [member, receiver] of receivers) if (readers[member]!.read(receiver)) any = true;
      if (any) doorbell.settle();
      else doorbell.watch();
      return any;
    },
    linger() {
      if (failure !== undefined || closed || !doorbell.linger()) return false;
      // The step that follows is what the end of a congestion would have been told for.
      if (reported === true && !congested()) reported = undefined;
      return true;
    },
    consumed(from, weight) {
      if (weight === 0 || failure !== undefined) return;
      if (isLocal(from)) return giveCredit(setup, cells, from - first, self, weight);
      giveBack[from] = giveBack[from]! + weight;
      // Should no step follow, the doorbell's next turn reports it.
      owing = true;
      doorbell.watch();
    },
    flush() {
      if (failure !== undefined || closed) return;
      publish();
      doorbell.watch();
    },
    congested() {
      const now = congested();
      if (now) reported = true;
      return now;
    },
    outstanding() {
      let sum = 0;
      for (let peer = 0; peer < peers; peer++) sum += outstandingAt(peer);
      return sum;
    },
    onArrival(callback) {
      wakes.push(callback);
      doorbell.watch();
    },
    onFailure(callback) {
      failures.push(callback);
      if (failure !== undefined && !closed) queueMicrotask(() => callback(failure!));
      doorbell.watch();
    },
    close() {
      if (closed || failure !== undefined) return void (closed = true);
      closed = true;
      own.clear();
      Atomics.store(cells, memberCell(thread) + Cell.closed, 1);
      // What was sent still goes out; then the doorbell comes down.
      if (publish()) doorbell.close();
      else doorbell.watch();
    },
  };
}

function numbersOf(memory: Int32Array, from: number, count: number): number[] {
  // oxlint-disable-next-line unicorn/no-new-array -- filled in place
  const numbers = new Array<number>(count);
  for (let i = 0; i < count; i++) numbers[i] = memory[from + i]!;
  return numbers;
}

/** `peer` gives worker thread `worker` credit back; wakes it when that is what it waits for. */
export function giveCredit(setup: RingSetup, cells: Int32Array, worker: number, peer: number, bytes: number): void {
  const cell = creditCell(setup, worker, peer);
  const consumed = (Atomics.add(cells, cell + Cell.consumed, bytes) + bytes) | 0;
  if (Atomics.load(cells, cell + Cell.waiting) === 0) return;
  if (((consumed - Atomics.load(cells, cell + Cell.awaited)) | 0) < 0) return;
  Atomics.store(cells, cell + Cell.waiting, 0);
  wake(cells, worker);
}
