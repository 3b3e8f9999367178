/** Parallelisation contracts: which worker gets a record. */
import type { ChannelPact } from "./operator-types.ts";
import type { Pact } from "./types.ts";

/** Records stay on the worker that made them. */
export const pipeline: Pact<any> = { kind: "pipeline" };

/** A record goes to worker `route(record)` modulo the number of workers. `route` gives an integer, the same on every worker. */
export function exchange<D>(route: (item: D) => number): Pact<D> {
  return { kind: "exchange", route };
}

/** A record goes to the worker with the index `to(record)`. */
export function directTo<D>(to: (record: D) => number): ChannelPact<D> {
  return { kind: "to", to };
}

/** Every record goes to every worker. */
export const broadcast: ChannelPact<any> = { kind: "broadcast" };
