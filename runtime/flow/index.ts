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
 *   lower.ts   the way from a graph to running operators; runtime.ts says what it needs from its host
 */
export { Dataflow, isDataflow, checkFlow, type FlowExport } from "./graph/dataflow.ts";
export { Stream, KeyedStream } from "./graph/stream.ts";
export type { WindowedStream, WindowOut } from "./graph/windowed-stream.ts";
export { describe, inputsOf, outputsOf, statefulSteps, type FlowDescription, type StepDescription } from "./graph/describe.ts";
export type { Awaitable, DynamicSource, Keyed, PartitionedSource, Source, SourcePart } from "./source.ts";
export type { DynamicSink, PartitionedSink, Sink, SinkPart, TransactionalSink, TransactionalSinkPart } from "./sink.ts";
export type { JoinEmit, JoinInsert, JoinOptions, LogicBase, Outcome, StatefulBatchLogic, StatefulLogic } from "./logic.ts";
export { hashName, murmur3 } from "./hash.ts";
export type { EpochClock, FlowRuntime, Recorder, Routing, SinkHost, SourceHost, SourceReader } from "./runtime.ts";
