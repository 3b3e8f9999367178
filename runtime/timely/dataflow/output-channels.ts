/**
 * An output port: checks that what is sent may be sent, gathers single records into batches, and gives every batch to the
 * channels attached. All buffered records are at one time and leave at the end of the operator's run at the latest.
 */
import { formatTime, sameTime, type Time } from "../progress/index.ts";
import { HeldCapability } from "./capability.ts";
import { batchSize, bufferLike, mayReuse, type Channel } from "./channel.ts";
import type { DataflowState } from "./dataflow-state.ts";
import { BatchCapability, type InputQueue } from "./input-queue.ts";
import { capabilityError, requireTime } from "./misuse.ts";
import type { OperatorOutput } from "./operator-types.ts";
import type { OutputSession } from "./types.ts";

export class OutputChannels implements OperatorOutput<any, any>, OutputSession<any> {
  readonly dataflow: DataflowState;
  readonly location: number;
  readonly coordinates: number;
  readonly owner: string;
  readonly #index: number;
  readonly #inputs: readonly InputQueue[];
  /** Whether somebody keeps the arrays that `push` is given. */
  keeps = false;
  #channels: Channel[] = [];
  #buffer: unknown[] = [];
  #length = 0;
  #bufferTime: Time = 0;
  /** Time of the session that is open; undefined outside of one. */
  #session: Time | undefined;

  constructor(options: {
    dataflow: DataflowState;
    location: number;
    coordinates: number;
    owner: string;
    index: number;
    inputs: readonly InputQueue[];
  }) {
    this.dataflow = options.dataflow;
    this.location = options.location;
    this.coordinates = options.coordinates;
    this.owner = options.owner;
    this.#index = options.index;
    this.#inputs = options.inputs;
  }

  attach(channel: Channel): void {
    this.#channels.push(channel);
    if (channel.keeps) this.keeps = true;
  }

  session(capability: { readonly time: any }, body: (session: OutputSession<any>) => void): void {
    const time = this.#allowed(capability);
    const outer = this.#session;
    this.#open(time);
    try {
      body(this);
    } finally {
      this.#session = undefined;
      if (outer !== undefined) this.#open(outer);
    }
  }

  /** Of a session. */
  give(record: unknown): void {
    if (this.#session === undefined) throw this.#closed();
    this.#buffer[this.#length++] = record;
    if (this.#length >= batchSize) this.#flushBuffer();
  }

  /** Of a session: copies the records. Of the port (two arguments): passes the array on. */
  giveBatch(records: readonly unknown[]): void;
  giveBatch(at: any, records: readonly unknown[]): void;
  giveBatch(at: any, records?: readonly unknown[]): void {
    if (records !== undefined) {
      const time = this.#allowed(at);
      if (this.#length > 0) this.#flushBuffer();
      if (records.length > 0) this.#push(time, records);
      return;
    }
    const given = at as readonly unknown[];
    if (this.#session === undefined) throw this.#closed();
    if (this.#length + given.length < batchSize) {
      for (let i = 0; i < given.length; i++) this.#buffer[this.#length++] = given[i];
      return;
    }
    this.#flushBuffer();
    this.#push(this.#session, this.keeps ? given.slice() : given);
  }

  /** Sends `records` at a time that the caller holds. */
  push(time: Time, records: readonly unknown[]): void {
    if (this.#length > 0) this.#flushBuffer();
    if (records.length > 0) this.#push(time, records);
  }

  flush(): void {
    if (this.#length > 0) this.#flushBuffer();
    for (let i = 0; i < this.#channels.length; i++) this.#channels[i]!.flush();
  }

  #open(time: Time): void {
    if (this.#length > 0 && time !== this.#bufferTime && !sameTime(time, this.#bufferTime)) this.#flushBuffer();
    this.#bufferTime = time;
    this.#session = time;
  }

  #flushBuffer(): void {
    const records = this.#buffer;
    if (this.#length === 0) return;
    if (records.length > this.#length) records.length = this.#length;
    this.#length = 0;
    const again = !this.keeps && mayReuse(records);
    this.#buffer = again ? [] : bufferLike(records);
    this.#push(this.#bufferTime, records);
    if (again && this.#length === 0) this.#buffer = records;
  }

  #push(time: Time, records: readonly unknown[]): void {
    if (this.dataflow.ended) return;
    const channels = this.#channels;
    for (let i = 0; i < channels.length; i++) channels[i]!.push(time, records);
  }

  /** The time at which `at` gives the right to send here; throws when it does not. */
  #allowed(at: unknown): Time {
    if (at instanceof BatchCapability) {
      if (at.open && at.port.outputs[this.#index] === this && at.port.connected(this.#index)) return at.time;
      throw capabilityError(
        `${this.owner}: the capability of a batch was used outside of its callback or at another operator; retain it`,
      );
    }
    if (at instanceof HeldCapability) {
      if (!at.held) throw capabilityError(`${this.owner}: sending by a capability that was dropped`);
      if (at.output !== this) throw capabilityError(`${this.owner}: sending by a capability of ${at.output.owner}`);
      return at.time;
    }
    const named = typeof at === "object" && at !== null && "time" in at ? at.time : at;
    const time = requireTime(named, this.coordinates, `${this.owner}: sending`);
    for (const input of this.#inputs) if (input.allows(time, this.#index)) return time;
    throw capabilityError(`${this.owner}: sending at ${formatTime(time)} without a capability or a batch at hand that allows it`);
  }

  #closed() {
    return capabilityError(`${this.owner}: a session was used after its callback had returned`);
  }
}
