/**
 * What to do: pure, and the place of every lifecycle rule. Reading order: state.ts, record.ts, decide.ts, lifecycle.ts. May import
 * api and autoscale.
 */
export { decide } from "./decide.ts";
export { emptyRecord, runId, type DataflowRecord, type Operation, type Revision, type Run } from "./record.ts";
export { idleMeter, type Meter } from "./meter.ts";
export {
  defaultSettings,
  type Action,
  type CleanupPhase,
  type DecidedEvent,
  type Decision,
  type ObservedCode,
  type ObservedPod,
  type ObservedStatefulSet,
  type Settings,
  type State,
  type WorkerStatus,
} from "./state.ts";
