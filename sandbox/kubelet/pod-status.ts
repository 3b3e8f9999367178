/** A pod's status as the real kubelet words it, from what its containers are. Pure: everything it needs is given. */
import type { Condition, ContainerStatus, Pod, PodStatus } from "../client/index.ts";
import type { ContainerRun } from "./container.ts";
import { qosClass } from "./qos.ts";

export interface PodView {
  readonly pod: Pod;
  readonly inits: readonly ContainerRun[];
  readonly mains: readonly ContainerRun[];
  readonly hostIP: string;
  readonly podIP: string | undefined;
  readonly startTime: string;
  /** The pod has ended for another reason than its containers' exits. */
  readonly failure?: { readonly reason: string; readonly message: string } | undefined;
  /** Nothing of it will ever run again. */
  readonly over: boolean;
  readonly now: string;
}

const isSidecar = (run: ContainerRun): boolean => run.spec.restartPolicy === "Always";

/** Has this init container done its part? A sidecar has when it has started. */
export const initDone = (run: ContainerRun): boolean =>
  isSidecar(run) ? run.started() : run.record.state.terminated?.exitCode === 0;

function containerStatus(run: ContainerRun, init: boolean): ContainerStatus {
  const { record, spec } = run;
  return {
    name: spec.name,
    state: record.state,
    lastState: record.lastState,
    ready: init && !isSidecar(run) ? record.state.terminated?.exitCode === 0 : run.ready(),
    started: init && !isSidecar(run) ? record.state.running !== undefined : run.started(),
    restartCount: record.restartCount,
    image: spec.image ?? "",
    imageID: record.containerID === undefined ? "" : (spec.image ?? ""),
    ...(record.containerID === undefined ? {} : { containerID: record.containerID }),
  };
}

export function podPhase(view: PodView): string {
  if (view.failure !== undefined) return "Failed";
  const exits = view.mains.map(({ record }) => record.state.terminated?.exitCode);
  if (view.over) {
    const failed = [
      ...exits,
      ...view.inits.filter((run) => !isSidecar(run)).map(({ record }) => record.state.terminated?.exitCode),
    ];
    return failed.every((code) => code === 0) ? "Succeeded" : "Failed";
  }
  if (!view.inits.every((run) => initDone(run) || (isSidecar(run) && run.record.restartCount > 0))) return "Pending";
  const waiting = view.mains.some(({ record }) => record.state.waiting !== undefined && record.lastState.terminated === undefined);
  return waiting ? "Pending" : "Running";
}

export function podStatus(view: PodView): PodStatus {
  const { pod, inits, mains, now } = view;
  const phase = podPhase(view);
  const terminal = phase === "Succeeded" || phase === "Failed";
  const names = (runs: readonly ContainerRun[]): string => `[${runs.map(({ spec }) => spec.name).join(" ")}]`;
  const unready = mains.filter((run) => !run.ready());
  const uninitialised = inits.filter((run) => !initDone(run));
  const existing = pod.status?.conditions ?? [];
  const generation = pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation };

  const condition = (type: string, ok: boolean, reason?: string, message?: string): Condition => {
    const status = ok ? "True" : "False";
    const before = existing.find((other) => other.type === type);
    const since = before?.status === status && before.lastTransitionTime !== undefined ? before.lastTransitionTime : now;
    return {
      type,
      status,
      ...generation,
      lastProbeTime: null,
      lastTransitionTime: since,
      ...(ok && reason !== "PodCompleted"
        ? {}
        : {
            ...(reason === undefined ? {} : { reason }),
            ...(message === undefined ? {} : { message }),
          }),
    };
  };
  const gates = (pod.spec.readinessGates ?? []).filter(
    ({ conditionType }) => existing.find(({ type }) => type === conditionType)?.status !== "True",
  );
  const completed = phase === "Succeeded" ? "PodCompleted" : phase === "Failed" ? "PodFailed" : undefined;
  const notReady = (): [string, string | undefined] =>
    completed !== undefined ? [completed, undefined] : ["ContainersNotReady", `containers with unready status: ${names(unready)}`];
  const containersReady = !terminal && mains.length > 0 && unready.length === 0;
  const conditions = [
    condition("PodReadyToStartContainers", view.podIP !== undefined && !terminal),
    condition(
      "Initialized",
      uninitialised.length === 0,
      phase === "Succeeded" ? "PodCompleted" : uninitialised.length === 0 ? undefined : "ContainersNotInitialized",
      uninitialised.length === 0 ? undefined : `containers with incomplete status: ${names(uninitialised)}`,
    ),
    condition(
      "Ready",
      containersReady && gates.length === 0,
      ...(containersReady ? (["ReadinessGatesNotReady", "the status of a readiness gate is not True"] as const) : notReady()),
    ),
    condition("ContainersReady", containersReady, ...notReady()),
    condition("PodScheduled", true),
  ];
  const own = new Set(conditions.map(({ type }) => type));
  return {
    ...generation,
    phase,
    reason: view.failure?.reason ?? null,
    message: view.failure?.message ?? null,
    conditions: [...conditions, ...existing.filter(({ type }) => !own.has(type))],
    hostIP: view.hostIP,
    hostIPs: [{ ip: view.hostIP }],
    ...(view.podIP === undefined ? {} : { podIP: view.podIP, podIPs: [{ ip: view.podIP }] }),
    startTime: view.startTime,
    qosClass: qosClass(pod),
    ...(inits.length === 0 ? {} : { initContainerStatuses: inits.map((run) => containerStatus(run, true)) }),
    containerStatuses: mains.map((run) => containerStatus(run, false)),
  };
}
