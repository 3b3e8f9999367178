/**
 * An input port: batches that wait for their operator, oldest first. What waits counts as pointstamps at the port's location;
 * taking a batch takes its count away and gives its weight back to the sender.
 *
 *   #times, #batches, …   [ taken … | #head … waiting … #tail ]   reset to the start whenever everything is taken
 */
import { lessEqual, type Time } from "../progress/index.ts";
import { acquire, type HeldCapability } from "./capability.ts";
import type { DataflowState } from "./dataflow-state.ts";
import { capabilityError } from "./misuse.ts";
import type { MessageCapability, OperatorInput } from "./operator-types.ts";
import type { OutputChannels } from "./output-channels.ts";

/** The capability of the batch at hand. One object per port, so that taking a batch allocates nothing. */
export class BatchCapability implements MessageCapability<any> {
  time: any = 0;
  open = false;
  readonly port: InputQueue;
  constructor(port: InputQueue) {
    this.port = port;
  }
  retain(output = 0): HeldCapability {
    if (!this.open) throw capabilityError(`${this.port.owner}: retain outside of the callback that the capability was given to`);
    const to = this.port.outputs[output];
    if (to === undefined) throw capabilityError(`${this.port.owner}: there is no output ${output} to retain a capability for`);
    if (!this.port.connected(output)) throw capabilityError(`${this.port.owner}: the input is not connected to output ${output}`);
    return acquire(to, this.time);
  }
}

export class InputQueue implements OperatorInput<any, any> {
  readonly dataflow: DataflowState;
  readonly location: number;
  readonly operator: number;
  readonly owner: string;
  readonly weigh: ((record: any) => number) | undefined;
  readonly outputs: readonly OutputChannels[];
  readonly connected: (output: number) => boolean;
  readonly capability: BatchCapability;
  readonly #times: Time[] = [];
  readonly #batches: (readonly unknown[] | undefined)[] = [];
  readonly #weights: number[] = [];
  /** Sender and the weight owed to it; -1 for this worker's own. */
  readonly #senders: number[] = [];
  readonly #owed: number[] = [];
  #head = 0;
  #tail = 0;

  constructor(options: {
    dataflow: DataflowState;
    location: number;
    operator: number;
    owner: string;
    weigh: ((record: any) => number) | undefined;
    outputs: readonly OutputChannels[];
    connected: (output: number) => boolean;
  }) {
    this.dataflow = options.dataflow;
    this.location = options.location;
    this.operator = options.operator;
    this.owner = options.owner;
    this.weigh = options.weigh;
    this.outputs = options.outputs;
    this.connected = options.connected;
    this.capability = new BatchCapability(this);
  }

  weightOf(records: readonly unknown[]): number {
    const weigh = this.weigh;
    if (weigh === undefined) return records.length;
    let weight = 0;
    for (let i = 0; i < records.length; i++) weight += weigh(records[i]);
    return weight;
  }

  /** A batch of this worker. */
  push(time: Time, records: readonly unknown[], weight: number): void {
    this.#append(time, records, weight, -1, 0);
  }

  /** A batch that came through the fabric; `owed` is what its sender gets back. */
  deliver(time: Time, records: readonly unknown[], sender: number, owed: number): void {
    this.#append(time, records, this.weightOf(records), sender, owed);
  }

  #append(time: Time, records: readonly unknown[], weight: number, sender: number, owed: number): void {
    const at = this.#tail++;
    this.#times[at] = time;
    this.#batches[at] = records;
    this.#weights[at] = weight;
    this.#senders[at] = sender;
    this.#owed[at] = owed;
    this.dataflow.host.queued += weight;
    this.dataflow.activate(this.operator);
  }

  forEach(body: (capability: BatchCapability, batch: readonly any[]) => void): void {
    // What arrives meanwhile, through a loop, waits for the next call. Nothing is left when the body ends the dataflow.
    for (let count = this.#tail - this.#head; count > 0 && this.#head !== this.#tail; count--) this.#take(body);
  }

  next(body: (capability: BatchCapability, batch: readonly any[]) => void): boolean {
    if (this.#head === this.#tail) return false;
    this.#take(body);
    return true;
  }

  waiting(): number {
    return this.#tail - this.#head;
  }

  frontier(): readonly any[] {
    return this.dataflow.frontier(this.location);
  }

  frontierTime(): number {
    return this.dataflow.frontierTime(this.location);
  }

  /** Whether the batch at hand gives the right to send at `time` on output `output`. */
  allows(time: Time, output: number): boolean {
    return this.capability.open && this.connected(output) && lessEqual(this.capability.time, time);
  }

  #take(body: (capability: BatchCapability, batch: readonly any[]) => void): void {
    const at = this.#head++;
    const time = this.#times[at]!;
    const batch = this.#batches[at]!;
    this.#batches[at] = undefined;
    const { dataflow, capability } = this;
    dataflow.changes.update(this.location, time, -1);
    dataflow.host.queued -= this.#weights[at]!;
    const sender = this.#senders[at]!;
    if (sender >= 0) dataflow.host.fabric.consumed(sender, this.#owed[at]!);
    if (this.#head === this.#tail) this.#head = this.#tail = 0;
    else if (this.#head >= 1024 && this.#head * 2 >= this.#tail) this.#shift();
    capability.time = time;
    capability.open = true;
    body(capability, batch);
    capability.open = false;
  }

  /** Moves what waits to the start of the arrays. */
  #shift(): void {
    for (const array of [this.#times, this.#batches, this.#weights, this.#senders, this.#owed] as unknown[][])
      array.splice(0, this.#head);
    this.#tail -= this.#head;
    this.#head = 0;
  }

  /** Throws away what waits and gives its weight back. The dataflow is gone: nothing is counted any more. */
  discard(): void {
    for (let at = this.#head; at < this.#tail; at++) {
      this.dataflow.host.queued -= this.#weights[at]!;
      if (this.#senders[at]! >= 0) this.dataflow.host.fabric.consumed(this.#senders[at]!, this.#owed[at]!);
      this.#batches[at] = undefined;
    }
    this.#head = this.#tail = 0;
  }
}
