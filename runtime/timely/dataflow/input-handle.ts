/**
 * Inputs: where a program outside of the dataflow puts records in. The handle holds a capability at its time; records are
 * gathered here and then in the channels, as an exchange cuts each buffer into one for each worker. They leave when those are full,
 * at the next step at the latest, and before time moves on: nothing counts them until they leave but the capability at their time.
 */
import { WeirError } from "../../errors/index.ts";
import { lessEqual, sameTime, type Time } from "../progress/index.ts";
import { buildOperator } from "./builder.ts";
import { batchSize, bufferLike, mayReuse } from "./channel.ts";
import { notAfter, requireTime } from "./misuse.ts";
import type { OutputChannels } from "./output-channels.ts";
import type { ScopeState } from "./scope.ts";
import type { Capability, InputHandle, TimelyStream } from "./types.ts";

export function newInput<D, T>(scope: ScopeState<T>): [InputHandle<D, T>, TimelyStream<D, T>] {
  let handle!: HeldInput<D, T>;
  const [stream] = buildOperator<T>(scope, { name: "input", inputs: [], outputs: 1 }, (context) => {
    handle = new HeldInput(context.initial[0]!, scope.coordinates, context.runAgain);
    scope.dataflow.inputs.push(handle);
    return () => handle.flush();
  });
  handle.output = scope.dataflow.operators.at(-1)!.outputs[0]!;
  return [handle, stream as TimelyStream<D, T>];
}

class HeldInput<D, T> implements InputHandle<D, T> {
  output!: OutputChannels;
  #buffer: D[] = [];
  #length = 0;
  /** What was sent while the dataflow was being built: those who will read it may not be attached yet. */
  readonly #early: (readonly [time: Time, records: readonly D[]])[] = [];
  #closed = false;
  readonly #capability: Capability<T>;
  readonly #coordinates: number;
  readonly #activate: () => void;

  constructor(capability: Capability<T>, coordinates: number, activate: () => void) {
    this.#capability = capability;
    this.#coordinates = coordinates;
    this.#activate = activate;
  }

  send(item: D): void {
    if (this.#closed) throw this.#isClosed("send");
    this.#buffer[this.#length++] = item;
    if (this.#length === 1) this.#activate();
    else if (this.#length >= batchSize) this.#sendBuffer();
  }

  sendBatch(items: readonly D[]): void {
    if (this.#closed) throw this.#isClosed("sendBatch");
    if (this.#length + items.length < batchSize) {
      if (items.length === 0) return;
      for (let i = 0; i < items.length; i++) this.#buffer[this.#length++] = items[i]!;
      this.#activate();
      return;
    }
    this.#sendBuffer();
    this.#send(this.#isKept() ? items.slice() : items);
    this.#activate();
  }

  advanceTo(time: T): void {
    if (this.#closed) throw this.#isClosed("advanceTo");
    const next = requireTime(time, this.#coordinates, "advanceTo");
    const current = this.#capability.time as Time;
    if (!lessEqual(current, next)) throw notAfter("WEIR_TIMELY_TIME", "advanceTo", next, current);
    if (sameTime(current, next)) return;
    this.flush();
    this.#capability.downgrade(time);
  }

  time(): T {
    return this.#capability.time;
  }

  flush(): void {
    const { output } = this;
    if (this.#early.length > 0 && !output.dataflow.building) this.#sendEarly();
    this.#sendBuffer();
    if (!output.dataflow.ended) output.flush();
  }

  /** The next run, for which `send` has asked, takes it out of the channels. */
  #sendBuffer(): void {
    if (this.#length === 0) return;
    const records = this.#buffer;
    if (records.length > this.#length) records.length = this.#length;
    this.#length = 0;
    const again = !this.#isKept() && mayReuse(records);
    this.#buffer = again ? [] : bufferLike(records);
    this.#send(records);
    if (again && this.#length === 0) this.#buffer = records;
  }

  close(): void {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    this.#capability.drop();
  }

  #isKept(): boolean {
    return this.output.keeps || this.output.dataflow.building;
  }

  #send(records: readonly D[]): void {
    const { dataflow } = this.output;
    if (dataflow.building) {
      this.#early.push([this.#capability.time as Time, records]);
      return;
    }
    if (dataflow.ended) return;
    if (this.#early.length > 0) this.#sendEarly();
    this.output.push(this.#capability.time as Time, records);
  }

  /** The times may be gone by now; nobody has been told before the first step, which tells of all at once. */
  #sendEarly(): void {
    for (const [time, records] of this.#early.splice(0)) this.output.push(time, records);
  }

  #isClosed(what: string): WeirError {
    return new WeirError("WEIR_TIMELY_CAPABILITY", `${what}: the input was closed`);
  }
}
