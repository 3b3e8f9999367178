/** Builds states to decide on, by saying only what is special about them. */
import { noMemory } from "../../../controller/autoscale/index.ts";
import { finalizer, type Dataflow, type DataflowSpec, type DataflowStatus } from "../../../controller/api/index.ts";
import {
  decide,
  defaultSettings,
  emptyRecord,
  idleMeter,
  runId,
  type DataflowRecord,
  type Decision,
  type ObservedPod,
  type State,
  type WorkerStatus,
} from "../../../controller/decide/index.ts";

export const start = Date.parse("2026-11-22T12:00:00Z");

export const stateful: DataflowSpec = { flow: { path: "/app/flow.ts" }, workers: 2, recovery: { store: "s3://bucket/a" } };

export function dataflow(
  spec: DataflowSpec,
  over: { status?: DataflowStatus; metadata?: Partial<Dataflow["metadata"]> } = {},
): Dataflow {
  return {
    apiVersion: "weir.dev/v1alpha1",
    kind: "Dataflow",
    metadata: { name: "a", namespace: "default", uid: "u", generation: 1, finalizers: [finalizer], ...over.metadata },
    spec,
    ...(over.status === undefined ? {} : { status: over.status }),
  };
}

export function worker(process: number, over: Partial<WorkerStatus> = {}): WorkerStatus {
  return {
    flow: "a",
    process,
    phase: "running",
    execution: 3,
    topology: { processes: 2, threads: 1 },
    epoch: 100,
    lastSnapshot: { epoch: 90, time: new Date(start).toISOString(), bytes: 5, durationMilliseconds: 4 },
    busy: 0.5,
    steps: [],
    sources: [],
    ...over,
  };
}

export function pod(ordinal: number, run: string | undefined, over: Partial<ObservedPod> = {}): ObservedPod {
  return {
    name: `a-${ordinal}`,
    uid: `pod-${ordinal}`,
    ordinal,
    run,
    phase: "Running",
    ip: `10.0.0.${ordinal}`,
    node: "n",
    ready: true,
    restarts: 0,
    createdAt: start - 10_000,
    deletingSince: undefined,
    waiting: undefined,
    lastExit: undefined,
    ...over,
  };
}

export function state(over: Partial<State> & { dataflow: Dataflow }): State {
  return {
    now: start,
    record: emptyRecord,
    statefulSet: undefined,
    pods: [],
    workers: new Map(),
    code: undefined,
    missing: [],
    cleanup: { phase: "absent", message: "" },
    autoscale: noMemory,
    meter: idleMeter,
    applyError: undefined,
    settings: defaultSettings,
    ...over,
  };
}

/** The state in which `spec` was started, became ready and nothing is under way. */
export function runningState(spec: DataflowSpec = stateful, over: Partial<State> = {}): State {
  const flow = dataflow(spec);
  const first = decide(state({ dataflow: flow, now: start - 20_000 }));
  const run = runId(first.record.run!);
  const processes = spec.workers ?? 1;
  const seen = {
    statefulSet: { uid: "s", run, replicas: processes, deleting: false },
    pods: Array.from({ length: processes }, (_, ordinal) => pod(ordinal, run)),
    workers: new Map(
      Array.from({ length: processes }, (_, index) => [index, worker(index, { topology: { processes, threads: 1 } })]),
    ),
  };
  const ready = decide(state({ dataflow: flow, record: first.record, now: start - 10_000, ...seen }));
  return state({ dataflow: { ...flow, status: ready.status }, record: ready.record, meter: ready.meter, ...seen, ...over });
}

/** The same state with another spec, as the next generation. */
export function changed(before: State, spec: Partial<DataflowSpec>, over: Partial<State> = {}): State {
  const { dataflow: flow } = before;
  return {
    ...before,
    dataflow: {
      ...flow,
      metadata: { ...flow.metadata, generation: (flow.metadata.generation ?? 1) + 1 },
      spec: { ...flow.spec, ...spec },
    },
    ...over,
  };
}

/** What follows `decision` when nothing else happened for `ms`. */
export function later(before: State, decision: Decision, ms: number, over: Partial<State> = {}): State {
  return {
    ...before,
    now: before.now + ms,
    record: decision.record,
    autoscale: decision.autoscale,
    meter: decision.meter,
    dataflow: { ...before.dataflow, status: decision.status },
    ...over,
  };
}

export const kinds = (decision: Decision): string[] => decision.actions.map((action) => action.kind);
export const reasons = (decision: Decision): string[] => decision.events.map((event) => event.reason);
export const conditionOf = (decision: Decision, type: string) => decision.status.conditions!.find((entry) => entry.type === type)!;
export const recordOf = (over: Partial<DataflowRecord>): DataflowRecord => ({ ...emptyRecord, ...over });
