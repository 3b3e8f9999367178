/**
 * Where a stream comes from: an output port, or a loop whose end is connected later. Inputs and probes attach to origins.
 */
import { followedBy, type PathSummary } from "../progress/index.ts";
import { createChannel } from "./channel.ts";
import type { InputQueue } from "./input-queue.ts";
import { graphError } from "./misuse.ts";
import type { ChannelPact } from "./operator-types.ts";
import type { OutputChannels } from "./output-channels.ts";

export interface Attachment {
  readonly location: number;
  readonly path: PathSummary;
  /** Absent for a probe, which watches progress and takes no data. */
  readonly channel?: { readonly id: number; readonly pact: ChannelPact<any>; readonly input: InputQueue };
}

export interface Origin {
  attach(attachment: Attachment): void;
  /** Whether what is attached here ends up at `loop`. */
  isBehind(loop: LoopOrigin): boolean;
}

export class PortOrigin implements Origin {
  readonly #output: OutputChannels;

  constructor(output: OutputChannels) {
    this.#output = output;
  }

  attach({ location, path, channel }: Attachment): void {
    const { dataflow } = this.#output;
    dataflow.graph.addEdge(this.#output.location, location, path);
    if (channel !== undefined) this.#output.attach(createChannel(channel.id, channel.pact, path, channel.input, dataflow.host));
  }

  isBehind(): boolean {
    return false;
  }
}

export class LoopOrigin implements Origin {
  readonly #advance: PathSummary;
  readonly #waiting: Attachment[] = [];
  #source: { origin: Origin; path: PathSummary } | undefined;

  constructor(advance: PathSummary) {
    this.#advance = advance;
  }

  connect(origin: Origin, path: PathSummary): void {
    if (this.#source !== undefined) throw graphError("a feedback handle was connected twice; concatenate the streams first");
    if (origin === this || origin.isBehind(this))
      throw graphError("a loop without an operator in it: feedback was connected to itself");
    this.#source = { origin, path: followedBy(path, this.#advance) };
    for (const attachment of this.#waiting.splice(0)) this.attach(attachment);
  }

  attach(attachment: Attachment): void {
    if (this.#source === undefined) this.#waiting.push(attachment);
    else this.#source.origin.attach({ ...attachment, path: followedBy(this.#source.path, attachment.path) });
  }

  isBehind(loop: LoopOrigin): boolean {
    return this.#source !== undefined && (this.#source.origin === loop || this.#source.origin.isBehind(loop));
  }
}
