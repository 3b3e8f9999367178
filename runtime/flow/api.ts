/** The part of flow that flow modules see, as module "weir". What hosts of flows need besides is in index.ts. */
export { Dataflow, type FlowExport } from "./graph/dataflow.ts";
export { Stream, KeyedStream } from "./graph/stream.ts";
export type { WindowedStream, WindowOut } from "./graph/windowed-stream.ts";
export { describe, type FlowDescription, type StepDescription } from "./graph/describe.ts";
export { lazyBatch } from "./lazy-batch.ts";
export type { Awaitable, DynamicSource, Keyed, PartitionedSource, Source, SourcePart } from "./source.ts";
export type {
  DynamicSink,
  PartitionedSink,
  Sink,
  SinkContext,
  SinkPart,
  TransactionalSink,
  TransactionalSinkPart,
} from "./sink.ts";
export type { JoinEmit, JoinInsert, JoinOptions, LogicBase, Outcome, StatefulBatchLogic, StatefulLogic } from "./logic.ts";
export { eventClock, session, sliding, systemClock, tumbling } from "./windows/index.ts";
export type { Clock, ClockLogic, Windower, WindowerLogic, WindowMeta, WindowOptions } from "./windows/index.ts";
