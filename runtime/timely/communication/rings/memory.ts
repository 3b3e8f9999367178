/**
 * The shared memory of the threads of one process, for one execution. Members are the worker threads and, when the process has
 * peers, the main thread (the last member), which carries frames to and from the mesh.
 *
 *   cells (int32)
 *     group        64 bytes             [0] 1 = aborted, [1] length of the reason
 *     member m     64 bytes each        [0] doorbell  [1] 1 = parked  [2] 1 = closed
 *     ring f→t     3 x 64 bytes each    [0] bytes written, [16] bytes read (both wrap at 2^32), [32] 1 = the writer waits for room
 *     credit w→p   16 bytes each        [0] bytes consumed by peer p of what worker thread w has sent it (wraps at 2^32)
 *                                       [1] w waits until [0] has reached this  [2] 1 = it does wait
 *   reason         4 KiB                why the group was aborted: JSON {code, message}
 *   rings          `capacity` bytes for each ordered pair of members
 *
 * What one side writes and the other reads lies on cache lines of its own. Invariant: each cell has one writer, but for
 * doorbell and parked (set by their owner, cleared by who wakes it), credit (one consumer) and the aborted flag.
 */
import { invariant, isWeirError, WeirError, type ErrorCode } from "../../../errors/index.ts";

/** What a thread needs to join: structured-cloneable, so that it can be a worker's data. */
export interface RingSetup {
  /** Worker threads of this process. */
  readonly workers: number;
  /** Worker threads, and the main thread when it is a bridge. */
  readonly members: number;
  /** Index of thread 0's worker among `peers` workers of all processes. */
  readonly first: number;
  readonly peers: number;
  /** Bytes per ring, a power of two. */
  readonly capacity: number;
  /** Credit per receiver, in bytes. */
  readonly window: number;
  readonly memory: SharedArrayBuffer;
}

export interface RingOptions {
  readonly workers: number;
  /** Process index and number, when workers of other processes are reached through the main thread. */
  readonly process?: number;
  readonly processes?: number;
  /** Bytes per ring; default 1 MiB for few threads, less for many. */
  readonly capacity?: number;
  /** Bytes a worker may have outstanding at one receiver before its sources pause. Default 8 MiB. */
  readonly window?: number;
}

const line = 16;
const reasonBytes = 4096;

export function createRings(options: RingOptions): RingSetup {
  const { workers, process = 0, processes = 1, window = 8 << 20 } = options;
  const members = processes > 1 ? workers + 1 : workers;
  const capacity = options.capacity ?? defaultCapacity(members);
  invariant(capacity >= 64 && (capacity & (capacity - 1)) === 0, `ring capacity ${capacity} is no power of two`);
  invariant(window > 0 && window < 2 ** 30, `credit window ${window}`);
  const shape = { workers, members, peers: workers * processes, capacity };
  const memory = new SharedArrayBuffer(ringOffset(shape) + members * members * capacity);
  return { ...shape, first: process * workers, window, memory };
}

function defaultCapacity(members: number): number {
  let capacity = 1 << 20;
  while (capacity > 1 << 14 && capacity * members * members > 64 << 20) capacity >>>= 1;
  return capacity;
}

type Shape = Pick<RingSetup, "workers" | "members" | "peers" | "capacity">;

export const Cell = {
  doorbell: 0,
  parked: 1,
  closed: 2,
  written: 0,
  read: 16,
  roomWanted: 32,
  consumed: 0,
  awaited: 1,
  waiting: 2,
} as const;

export function memberCell(member: number): number {
  return line * (1 + member);
}
export function ringCell(shape: Shape, from: number, to: number): number {
  return line * (1 + shape.members) + 3 * line * (from * shape.members + to);
}
export function creditCell(shape: Shape, worker: number, peer: number): number {
  return ringCell(shape, shape.members, 0) + 4 * (worker * shape.peers + peer);
}
function reasonOffset(shape: Shape): number {
  return Math.ceil((4 * creditCell(shape, shape.workers, 0)) / 64) * 64;
}
export function ringOffset(shape: Shape): number {
  return reasonOffset(shape) + reasonBytes;
}

export function cellsOf(setup: RingSetup): Int32Array {
  return new Int32Array(setup.memory, 0, reasonOffset(setup) >>> 2);
}

/** Wakes a member if it is parked; what it should find must have been stored before. */
export function wake(cells: Int32Array, member: number): void {
  const cell = memberCell(member);
  if (Atomics.load(cells, cell + Cell.parked) === 0) return;
  if (Atomics.exchange(cells, cell + Cell.parked, 0) === 0) return;
  Atomics.add(cells, cell + Cell.doorbell, 1);
  Atomics.notify(cells, cell + Cell.doorbell);
}

/** Ends the execution on every thread of the group: a thread has died, say, or the mesh has failed. The first reason counts. */
export function abortRings(setup: RingSetup, error: Error): void {
  const cells = cellsOf(setup);
  if (Atomics.compareExchange(cells, 0, 0, 1) !== 0) return;
  const code = isWeirError(error) ? error.code : undefined;
  const reason = Buffer.from(JSON.stringify({ code, message: error.message.slice(0, 1000) })).subarray(0, reasonBytes);
  new Uint8Array(setup.memory, reasonOffset(setup), reasonBytes).set(reason);
  Atomics.store(cells, 1, reason.length);
  Atomics.store(cells, 0, 2);
  for (let member = 0; member < setup.members; member++) wake(cells, member);
}

/** Why the group was aborted, if it was. */
export function abortReason(setup: RingSetup, cells: Int32Array): Error | undefined {
  if (Atomics.load(cells, 0) !== 2) return undefined;
  const bytes = Buffer.from(setup.memory, reasonOffset(setup), Atomics.load(cells, 1));
  const { code, message } = JSON.parse(Buffer.from(bytes).toString()) as { code?: ErrorCode; message: string };
  return code === undefined ? new Error(message) : new WeirError(code, message);
}
