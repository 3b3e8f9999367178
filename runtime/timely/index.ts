/**
 * weir/timely: timely dataflow. The first lines are the public words; below them is what the rooms above build on.
 *
 *   progress        what can still happen where          imports nothing of ours
 *   communication   how workers reach each other         imports nothing of ours but errors
 *   dataflow        scopes, streams, operators           imports progress, the fabric's types, errors
 *   worker, execute, run-worker                          import the three above
 */
export type {
  Capability,
  CaptureLog,
  FeedbackHandle,
  InputHandle,
  InputPort,
  Notificator,
  OutputPort,
  OutputSession,
  Pact,
  ProbeHandle,
  Scope,
  Summary,
  Time,
  TimelyStream,
  Worker,
} from "./dataflow/index.ts";
export { exchange, pipeline } from "./dataflow/index.ts";
export { execute } from "./execute.ts";

export type {
  ChannelPact,
  MessageCapability,
  OperatorContext,
  OperatorInput,
  OperatorInputSpec,
  OperatorLogic,
  OperatorOutput,
  OperatorSpec,
  TimeMap,
  TimeProbe,
} from "./dataflow/index.ts";
export { broadcast, buildOperator, createTimeMap, directTo, Notifications, timeProbe } from "./dataflow/index.ts";
export { createWorker, type EngineWorker, type RunningDataflow, type WorkerOptions } from "./worker.ts";
export { runWorker, type RunOptions } from "./run-worker.ts";
