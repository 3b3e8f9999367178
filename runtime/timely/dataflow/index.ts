/** Dataflow: scopes, streams, channels, capabilities and operators. May import progress, errors and the fabric's types. */
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
} from "./types.ts";
export type {
  ChannelPact,
  MessageCapability,
  OperatorContext,
  OperatorInput,
  OperatorInputSpec,
  OperatorOutput,
  OperatorSpec,
  TimeProbe,
} from "./operator-types.ts";
export { broadcast, directTo, exchange, pipeline } from "./pact.ts";
export { buildOperator, type OperatorLogic } from "./builder.ts";
export { Notifications } from "./notificator.ts";
export { createTimeMap, type TimeMap } from "./time-map.ts";
export { timeProbe } from "./operators/probe.ts";
export { DataflowState } from "./dataflow-state.ts";
export { progressPath } from "./progress-path.ts";
export { ScopeState } from "./scope.ts";
export type { Host } from "./host.ts";
