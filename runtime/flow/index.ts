/**
 * flow: the API people write flows in, and its lowering onto timely. May import timely and errors, nothing above.
 *
 *   graph/     what a module writes down: Dataflow, Stream, nodes; checked at once, runs nothing
 *   chain/     stateless steps, fused into one generated function per chain
 *   exchange/  records to the worker that owns their key, or to all
 *   state/     keyed state: entries, timers, incremental snapshots
 *   stateful/  the stateful core and every step built on it
 *   windows/   clocks, windowers and the logic of windows
 *   input/ output/ async/ loop/   the remaining steps
 *   api.ts     what flow modules import as "weir"
 *   lower.ts   the way from a graph to running operators; runtime.ts says what it needs from its host
 */
export * from "./api.ts";
export { isDataflow, checkFlow } from "./graph/dataflow.ts";
export { sinksOf, sourcesOf, statefulSteps } from "./graph/describe.ts";
export { hashName, murmur3, partitionOf } from "./hash.ts";
export { lowerFlow, type LoweredFlow } from "./lower.ts";
export type { FlowMetrics, StepMetrics } from "./metrics.ts";
export type { EpochClock, FlowRuntime, Recorder, Routing, SinkHost, SourceHost, SourceReader } from "./runtime.ts";
export { createKeyedStates, type KeyedStates } from "./state/keyed-states.ts";
export { decodeStateRow } from "./state/state-row.ts";
