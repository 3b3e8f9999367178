/**
 * Capabilities: each is one count of its time at the location of its output. Whatever changes them changes the worker's next
 * batch of progress, together with the messages sent and consumed since the last one.
 */
import { lessEqual, type Time } from "../progress/index.ts";
import type { OutputChannels } from "./output-channels.ts";
import { capabilityError, notAfter, requireTime } from "./misuse.ts";
import type { Capability } from "./types.ts";

export class HeldCapability implements Capability<any> {
  time: any;
  readonly output: OutputChannels;
  held = true;

  /** For what is counted already; `acquire` makes new ones. */
  constructor(output: OutputChannels, time: Time) {
    this.output = output;
    this.time = time;
  }

  delayed(time: any): HeldCapability {
    this.#check(time, "delayed");
    return acquire(this.output, time);
  }

  downgrade(time: any): void {
    this.#check(time, "downgrade");
    const { dataflow, location } = this.output;
    dataflow.progressed(location, time, 1);
    dataflow.progressed(location, this.time, -1);
    this.time = time;
  }

  clone(): HeldCapability {
    if (!this.held) throw this.#dropped("clone");
    return acquire(this.output, this.time);
  }

  drop(): void {
    if (!this.held) return;
    this.held = false;
    this.output.dataflow.progressed(this.output.location, this.time, -1);
  }

  #check(time: unknown, what: string): void {
    if (!this.held) throw this.#dropped(what);
    // Numbers that are at or after a number need no closer look.
    if (typeof time === "number" && typeof this.time === "number" && time >= this.time && time < Infinity) return;
    const where = `${this.output.owner}: ${what}`;
    const valid = requireTime(time, this.output.coordinates, where);
    if (!lessEqual(this.time, valid)) throw notAfter("WEIR_TIMELY_CAPABILITY", where, valid, this.time);
  }

  #dropped(what: string) {
    return capabilityError(`${this.output.owner}: ${what} on a capability that was dropped`);
  }
}

/** A new capability. The caller has checked that the time may be held. */
export function acquire(output: OutputChannels, time: Time): HeldCapability {
  output.dataflow.progressed(output.location, time, 1);
  return new HeldCapability(output, time);
}
