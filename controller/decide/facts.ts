/** What the observations say about the run that is deployed: derived, never remembered. */
import { runId } from "./record.ts";
import type { ObservedPod, State, WorkerStatus } from "./state.ts";

export interface Facts {
  /** Run id of the StatefulSet's template. */
  readonly deployed: string | undefined;
  /** The deployed run is the one that is wanted. */
  readonly current: boolean;
  /** Pods of the deployed run, by ordinal. */
  readonly pods: ReadonlyMap<number, ObservedPod>;
  /** Statuses of the deployed run's pods that are not on their way out. */
  readonly workers: ReadonlyMap<number, WorkerStatus>;
  /** Process 0, which coordinates. */
  readonly lead: WorkerStatus | undefined;
  /** Processes in the topology, as process 0 says, or any other that knows. */
  readonly topology: number | undefined;
  /** Processes of the topology that are ready and at work. */
  readonly readyWorkers: number;
  /** All processes of the topology are. */
  readonly ready: boolean;
  readonly completed: boolean;
  readonly failure: Failure | undefined;
}

export interface Failure {
  readonly reason: string;
  readonly message: string;
  /** It will not go away by waiting for pods to start. */
  readonly lasting: boolean;
}

const working = new Set<WorkerStatus["phase"]>(["running", "rescaling", "draining", "completed"]);
const knowsTopology = new Set<WorkerStatus["phase"]>(["running", "rescaling", "draining", "completed", "standby", "loading"]);
const brokenWaits = new Set([
  "CrashLoopBackOff",
  "ImagePullBackOff",
  "ErrImagePull",
  "InvalidImageName",
  "ErrImageNeverPull",
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
]);

export function factsOf(state: State): Facts {
  const deployed = state.statefulSet?.run;
  const pods = new Map(state.pods.filter((pod) => pod.run === deployed).map((pod) => [pod.ordinal, pod] as const));
  const workers = new Map<number, WorkerStatus>();
  for (const [ordinal, pod] of pods) {
    const status = state.workers.get(ordinal);
    if (status !== undefined && pod.deletingSince === undefined) workers.set(ordinal, status);
  }
  const lead = workers.get(0);
  const topology = topologyOf(lead, workers);
  let readyWorkers = 0;
  let completed = topology !== undefined && topology > 0;
  for (let process = 0; process < (topology ?? 0); process++) {
    const status = workers.get(process);
    const atWork = status !== undefined && working.has(status.phase) && status.execution === lead?.execution;
    if (atWork && pods.get(process)!.ready) readyWorkers++;
    if (status?.phase !== "completed") completed = false;
  }
  return {
    deployed,
    current: state.record.run !== undefined && deployed === runId(state.record.run),
    pods,
    workers,
    lead,
    topology,
    readyWorkers,
    ready: topology !== undefined && topology > 0 && readyWorkers === topology,
    completed,
    failure: failureOf(pods, workers),
  };
}

function topologyOf(lead: WorkerStatus | undefined, workers: ReadonlyMap<number, WorkerStatus>): number | undefined {
  const known = [lead, ...workers.values()].filter(
    (status): status is WorkerStatus => status !== undefined && knowsTopology.has(status.phase) && status.topology.processes > 0,
  );
  if (known.length === 0) return undefined;
  // The newest execution's word counts: a process that was away still says what was true before.
  return known.reduce((best, status) => (status.execution > best.execution ? status : best)).topology.processes;
}

function failureOf(pods: ReadonlyMap<number, ObservedPod>, workers: ReadonlyMap<number, WorkerStatus>): Failure | undefined {
  for (const [process, status] of workers) {
    const { error } = status;
    if (error === undefined) continue;
    const step = error.step === undefined ? "" : `step "${error.step}": `;
    return { reason: error.code, message: `${step}${error.message} (process ${process})`, lasting: status.phase === "failed" };
  }
  for (const pod of pods.values()) {
    const failure = podFailure(pod, workers.has(pod.ordinal));
    if (failure !== undefined) return failure;
  }
  for (const pod of pods.values()) {
    const { waiting } = pod;
    if (waiting !== undefined && waiting.reason === "Unschedulable")
      return { reason: waiting.reason, message: `pod ${pod.name} has no node: ${waiting.message}`, lasting: false };
  }
  return undefined;
}

/** Killed from outside: by the kernel, a person or the kubelet. Says nothing about the program. */
const killed = new Set([0, 137, 143]);

function podFailure(pod: ObservedPod, answers: boolean): Failure | undefined {
  const { waiting, lastExit } = pod;
  const broken = waiting !== undefined && brokenWaits.has(waiting.reason);
  const ended = lastExit !== undefined && !killed.has(lastExit.code) && !pod.ready;
  if (ended && (broken || !answers || pod.restarts > 1)) {
    // The worker's last words name one of the documented codes.
    const code = /\bWEIR_[A-Z_]+\b/.exec(lastExit.message)?.[0];
    const message = `the worker of pod ${pod.name} ended with status ${lastExit.code}: ${lastExit.message || "it said nothing"}`;
    return { reason: code ?? waiting?.reason ?? "WorkerFailed", message, lasting: broken || pod.restarts > 1 };
  }
  if (!broken) return undefined;
  return { reason: waiting.reason, message: `pod ${pod.name} does not start: ${waiting.message}`, lasting: true };
}
