import type { Fabric } from "../timely/communication/fabric.ts";
import type { Topology } from "../recovery/types.ts";
import type { ControlMessage, FromWorker, ToWorker } from "./messages.ts";
import type { WeirError } from "../errors/index.ts";

/**
 * How processes reach each other, whatever carries it: WebSockets, or the simulation's queues. Messages of one sender to one
 * receiver stay in order; a message to a peer that is not connected is dropped, and so is everything in flight when a peer
 * is lost. A message to oneself arrives too, never within `send`.
 */
export interface Network {
  readonly process: number;
  send(process: number, message: ControlMessage): void;
  onMessage(handler: (from: number, message: ControlMessage) => void): void;
  /** `lost` also when the peer came back as another incarnation: what it held in memory is gone. */
  onPeer(handler: (process: number, state: "up" | "lost", error?: WeirError) => void): void;
  connected(process: number): boolean;
}

/** The workers of this process, wherever they run: in this thread, or one thread each. */
export interface WorkerPool {
  /** Makes (or keeps) `topology.threads` workers and connects their fabrics for an execution. */
  enter(execution: number, topology: Topology): readonly WorkerHandle[];
  /** Ends the execution's dataflows and fabrics; `keep`: the workers' keyed state stays for the next execution. */
  leave(execution: number, keep: boolean): void;
  close(): void;
}
export interface WorkerHandle {
  /** Index among all workers of the execution. */
  readonly index: number;
  post(message: ToWorker): void;
  onMessage(handler: (message: FromWorker) => void): void;
}

/** What a WorkerPool in one thread needs to make a worker. */
export type FabricMaker = (execution: number, topology: Topology) => readonly Fabric[];
