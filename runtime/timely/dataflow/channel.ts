/**
 * Channels: from an output to the input of an operator, on this worker or on all. A channel counts every message it makes at the
 * location of its input, at the time that the path between the two makes of the sender's.
 */
import { WeirError } from "../../errors/index.ts";
import { formatTime, resultsIn, sameTime, type PathSummary, type Time } from "../progress/index.ts";
import type { Host } from "./host.ts";
import type { InputQueue } from "./input-queue.ts";
import type { ChannelPact } from "./operator-types.ts";

/** Weight at which a buffer is sent on: large enough to make the cost per batch vanish, small enough to stay in the cache. */
export const batchSize = 1024;

export interface Channel {
  /** Whether it keeps the arrays that it is given. Where none does, their owner may use them again. */
  readonly keeps: boolean;
  /** `records` belongs to a channel that keeps it from here on, and is never changed. */
  push(time: Time, records: readonly unknown[]): void;
  /** Sends what is buffered. Called at the end of each run of the sending operator. */
  flush(): void;
}

export function createChannel(id: number, pact: ChannelPact<any>, path: PathSummary, input: InputQueue, host: Host): Channel {
  if (host.peers === 1 || pact.kind === "pipeline") return new LocalChannel(path, input);
  if (pact.kind === "broadcast") return new BroadcastChannel(id, path, input, host);
  if (pact.kind === "exchange") return new ExchangeChannel(id, path, input, host, reduceRoute(pact.route, host.peers, input.owner));
  return new ExchangeChannel(id, path, input, host, checkRoute(pact.to, host.peers, input.owner));
}

/** `route` modulo the number of workers, whatever integer it gives. */
function reduceRoute(route: (record: unknown) => number, peers: number, owner: string): (record: unknown) => number {
  const mask = (peers & (peers - 1)) === 0 ? peers - 1 : -1;
  const reduce = (hash: number): number => {
    if (!Number.isFinite(hash)) throw new WeirError("WEIR_TIMELY_ROUTE", `${owner}: the exchange's route gave ${String(hash)}`);
    const rest = Math.trunc(hash) % peers;
    return rest < 0 ? rest + peers : rest;
  };
  return (record) => {
    const hash = route(record);
    // Small non-negative integers, and negative ones where a mask will do, need no division of doubles.
    if ((hash | 0) === hash) {
      if (mask >= 0) return hash & mask;
      if (hash >= 0) return hash % peers;
    }
    return reduce(hash);
  };
}

function checkRoute(to: (record: unknown) => number, peers: number, owner: string): (record: unknown) => number {
  return (record) => {
    const target = to(record);
    if (target >>> 0 === target && target < peers) return target;
    throw new WeirError("WEIR_TIMELY_ROUTE", `${owner}: there is no worker ${String(target)} among ${peers}`);
  };
}

/** An empty buffer with room for as many records, as the next batch most likely is as long as this one. */
export function bufferLike<D>(records: readonly D[]): D[] {
  // oxlint-disable-next-line unicorn/no-new-array -- filled in place
  return new Array<D>(records.length);
}

/** Whether a buffer that nobody keeps may be used again: numbers left in it keep nothing alive. */
export function mayReuse(records: readonly unknown[]): boolean {
  return typeof records[0] === "number";
}

function follow(path: PathSummary, time: Time, input: InputQueue): Time {
  const result = resultsIn(path, time);
  if (result !== undefined) return result;
  throw new WeirError("WEIR_TIMELY_TIME", `${input.owner}: time ${formatTime(time)} is the last one, a loop can not advance it`);
}

class LocalChannel implements Channel {
  readonly keeps = true;
  readonly #path: PathSummary;
  readonly #identity: boolean;
  readonly #input: InputQueue;

  constructor(path: PathSummary, input: InputQueue) {
    this.#path = path;
    this.#identity = path.identity;
    this.#input = input;
  }

  push(time: Time, records: readonly unknown[]): void {
    const input = this.#input;
    const at = this.#identity ? time : follow(this.#path, time, input);
    input.dataflow.changes.update(input.location, at, 1);
    input.push(at, records, input.weightOf(records));
  }

  flush(): void {}
}

class BroadcastChannel implements Channel {
  readonly keeps = true;
  readonly #id: number;
  readonly #path: PathSummary;
  readonly #input: InputQueue;
  readonly #host: Host;

  constructor(id: number, path: PathSummary, input: InputQueue, host: Host) {
    this.#id = id;
    this.#path = path;
    this.#input = input;
    this.#host = host;
  }

  push(time: Time, records: readonly unknown[]): void {
    const input = this.#input;
    const { index, peers, fabric } = this.#host;
    const at = follow(this.#path, time, input);
    const weight = input.weightOf(records);
    input.dataflow.changes.update(input.location, at, peers);
    const message = { kind: "data", dataflow: input.dataflow.id, channel: this.#id, time: at, records, weight } as const;
    for (let target = 0; target < peers; target++) if (target !== index) fabric.send(target, message);
    input.push(at, records, weight);
  }

  flush(): void {}
}

/** Of a worker for which nothing is gathered. */
const none: unknown[] = [];

/**
 * Gathers a buffer per worker; all buffers are at one time. Where the fabric copies what it sends, integers are gathered as such, in
 * memory that is used again, until the first record that is none.
 *
 *   #integers   [ worker 0: batchSize | worker 1: batchSize | … ]   #lengths   how many of each are filled
 */
class ExchangeChannel implements Channel {
  readonly keeps = false;
  readonly #id: number;
  readonly #path: PathSummary;
  readonly #input: InputQueue;
  readonly #host: Host;
  readonly #target: (record: unknown) => number;
  readonly #buffers: unknown[][];
  readonly #lengths: Int32Array;
  /** How long the last buffer of each was, as the next most likely will be. */
  readonly #sizes: Int32Array;
  #integers: Int32Array | undefined;
  /** Weight per buffer, where records weigh differently. */
  readonly #weights: Float64Array;
  #time: Time = 0;
  #filled = false;

  constructor(id: number, path: PathSummary, input: InputQueue, host: Host, target: (record: unknown) => number) {
    this.#id = id;
    this.#path = path;
    this.#input = input;
    this.#host = host;
    this.#target = target;
    this.#buffers = Array.from({ length: host.peers }, () => none);
    this.#lengths = new Int32Array(host.peers);
    this.#sizes = new Int32Array(host.peers);
    this.#weights = new Float64Array(host.peers);
    if (input.weigh === undefined && host.fabric.sendIntegers !== undefined) this.#integers = new Int32Array(0);
  }

  push(time: Time, records: readonly unknown[]): void {
    if (this.#filled && time !== this.#time && !sameTime(time, this.#time)) this.flush();
    this.#time = time;
    this.#filled = true;
    const first = this.#integers === undefined ? 0 : this.#pushIntegers(records);
    if (first === records.length) return;
    if (this.#integers !== undefined) {
      this.flush();
      this.#filled = true;
      this.#integers = undefined;
    }
    const target = this.#target;
    const buffers = this.#buffers;
    const lengths = this.#lengths;
    const { weigh } = this.#input;
    if (weigh === undefined) {
      for (let i = first; i < records.length; i++) {
        const record = records[i];
        const worker = target(record);
        const at = lengths[worker]!;
        if (at === 0) this.#begin(worker);
        buffers[worker]![at] = record;
        lengths[worker] = at + 1;
        if (at + 1 === batchSize) this.#send(worker);
      }
      return;
    }
    for (let i = 0; i < records.length; i++) {
      const record = records[i];
      const worker = target(record);
      if (lengths[worker] === 0) this.#begin(worker);
      buffers[worker]![lengths[worker]!++] = record;
      if ((this.#weights[worker]! += weigh(record)) >= batchSize) this.#send(worker);
    }
  }

  /** Returns how many of the first records were integers. */
  #pushIntegers(records: readonly unknown[]): number {
    if (this.#integers!.length === 0) {
      if (typeof records[0] !== "number") return 0;
      this.#integers = new Int32Array(this.#host.peers * batchSize);
    }
    const target = this.#target;
    const integers = this.#integers!;
    const lengths = this.#lengths;
    for (let i = 0; i < records.length; i++) {
      const record = records[i];
      if (typeof record !== "number") return i;
      const integer = record | 0;
      if (integer !== record || (integer === 0 && Object.is(record, -0))) return i;
      const worker = target(record);
      if (this.#integers === undefined) {
        // The route has itself sent something here, and that was no integer.
        if (lengths[worker] === 0) this.#begin(worker);
        this.#buffers[worker]![lengths[worker]!] = record;
        if (++lengths[worker]! === batchSize) this.#send(worker);
        return i + 1;
      }
      const at = lengths[worker]!;
      integers[worker * batchSize + at] = integer;
      lengths[worker] = at + 1;
      if (at + 1 === batchSize) this.#send(worker);
    }
    return records.length;
  }

  flush(): void {
    if (!this.#filled) return;
    const lengths = this.#lengths;
    for (let worker = 0; worker < lengths.length; worker++) if (lengths[worker]! > 0) this.#send(worker);
    this.#filled = false;
  }

  #send(worker: number): void {
    const input = this.#input;
    const { index, fabric } = this.#host;
    const dataflow = input.dataflow.id;
    const channel = this.#id;
    const length = this.#lengths[worker]!;
    this.#lengths[worker] = 0;
    const time = follow(this.#path, this.#time, input);
    input.dataflow.changes.update(input.location, time, 1);
    const integers = this.#integers;
    if (integers !== undefined && worker !== index && typeof time === "number") {
      fabric.sendIntegers!(worker, dataflow, channel, time, integers, worker * batchSize, length);
      return;
    }
    const records = integers === undefined ? this.#takeBuffer(worker, length) : arrayOf(integers, worker * batchSize, length);
    const weight = input.weigh === undefined ? length : this.#weights[worker]!;
    this.#weights[worker] = 0;
    if (worker === index) input.push(time, records, weight);
    else fabric.send(worker, { kind: "data", dataflow, channel, time, records, weight });
  }

  #takeBuffer(worker: number, length: number): unknown[] {
    const records = this.#buffers[worker]!;
    if (records.length > length) records.length = length;
    this.#buffers[worker] = none;
    this.#sizes[worker] = length;
    return records;
  }

  /** For the first record of a buffer, and not before: collections would move empty ones for nothing. */
  #begin(worker: number): void {
    // oxlint-disable-next-line unicorn/no-new-array -- filled in place
    this.#buffers[worker] = new Array(this.#sizes[worker]!);
  }
}

function arrayOf(integers: Int32Array, from: number, count: number): number[] {
  // oxlint-disable-next-line unicorn/no-new-array -- filled in place
  const records = new Array<number>(count);
  for (let i = 0; i < count; i++) records[i] = integers[from + i]!;
  return records;
}
