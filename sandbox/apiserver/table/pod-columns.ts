// The columns of pods: READY, STATUS and RESTARTS are computed from the container statuses (kubernetes' printPod).

import { isObject, objectAt, objectsAt, stringAt, type JsonObject, type KubeObject } from "../json.ts";
import type { Column } from "../resources/resource.ts";
import { age } from "./age.ts";

interface Summary {
  ready: number;
  total: number;
  reason: string;
  restarts: string;
}

function terminatedWord(terminated: JsonObject, prefix: string): string {
  const reason = stringAt(terminated, "reason");
  if (reason) return prefix + reason;
  return terminated.signal
    ? `${prefix}Signal:${String(terminated.signal)}`
    : `${prefix}ExitCode:${String(terminated.exitCode ?? 0)}`;
}

function condition(pod: KubeObject, type: string): JsonObject | undefined {
  return objectsAt(objectAt(pod, "status"), "conditions").find((one) => one.type === type);
}

/** The word of the first init container that has not succeeded, if there is one. */
function initialising(pod: KubeObject): string | undefined {
  const statuses = objectsAt(objectAt(pod, "status"), "initContainerStatuses");
  const total = objectsAt(objectAt(pod, "spec"), "initContainers").length;
  for (const [index, container] of statuses.entries()) {
    const state = objectAt(container, "state");
    const terminated = isObject(state.terminated) ? state.terminated : undefined;
    if (terminated && terminated.exitCode === 0) continue;
    if (terminated) return terminatedWord(terminated, "Init:");
    const waiting = stringAt(objectAt(state, "waiting"), "reason");
    return waiting && waiting !== "PodInitializing" ? `Init:${waiting}` : `Init:${index}/${total}`;
  }
  return undefined;
}

export function summarise(pod: KubeObject, now: number): Summary {
  const status = objectAt(pod, "status");
  const total = objectsAt(objectAt(pod, "spec"), "containers").length;
  let reason = stringAt(status, "reason") || stringAt(status, "phase") || "";
  if (condition(pod, "PodScheduled")?.reason === "SchedulingGated") reason = "SchedulingGated";
  let restarts = 0;
  let ready = 0;
  let lastRestart: string | undefined;
  const init = initialising(pod);
  if (init === undefined) {
    let running = false;
    for (const container of objectsAt(status, "containerStatuses").reverse()) {
      restarts += typeof container.restartCount === "number" ? container.restartCount : 0;
      const before = stringAt(objectAt(objectAt(container, "lastState"), "terminated"), "finishedAt");
      if (before !== undefined && (lastRestart === undefined || before > lastRestart)) lastRestart = before;
      const state = objectAt(container, "state");
      const waiting = stringAt(objectAt(state, "waiting"), "reason");
      if (waiting) reason = waiting;
      else if (isObject(state.terminated)) reason = terminatedWord(state.terminated, "");
      else if (container.ready === true && isObject(state.running)) {
        running = true;
        ready++;
      }
    }
    if (reason === "Completed" && running) reason = condition(pod, "Ready")?.status === "True" ? "Running" : "NotReady";
  } else {
    reason = init;
    for (const container of objectsAt(status, "initContainerStatuses"))
      restarts += typeof container.restartCount === "number" ? container.restartCount : 0;
  }
  if (pod.metadata.deletionTimestamp !== undefined) {
    if (status.reason === "NodeLost") reason = "Unknown";
    else if (status.phase !== "Succeeded" && status.phase !== "Failed") reason = "Terminating";
  }
  return {
    ready,
    total,
    reason,
    restarts: restarts > 0 && lastRestart ? `${restarts} (${age(lastRestart, now)} ago)` : String(restarts),
  };
}

function readinessGates(pod: KubeObject): string {
  const gates = objectsAt(objectAt(pod, "spec"), "readinessGates");
  if (gates.length === 0) return "<none>";
  const met = gates.filter((gate) => condition(pod, String(gate.conditionType))?.status === "True").length;
  return `${met}/${gates.length}`;
}

export const podColumns: Column[] = [
  {
    name: "Ready",
    type: "string",
    cell(pod, now) {
      const { ready, total } = summarise(pod, now);
      return `${ready}/${total}`;
    },
  },
  { name: "Status", type: "string", cell: (pod, now) => summarise(pod, now).reason },
  { name: "Restarts", type: "string", cell: (pod, now) => summarise(pod, now).restarts },
  { name: "Age", type: "string", cell: (pod, now) => age(pod.metadata.creationTimestamp, now) },
  { name: "IP", type: "string", priority: 1, cell: (pod) => stringAt(objectAt(pod, "status"), "podIP") || "<none>" },
  { name: "Node", type: "string", priority: 1, cell: (pod) => stringAt(objectAt(pod, "spec"), "nodeName") || "<none>" },
  {
    name: "Nominated Node",
    type: "string",
    priority: 1,
    cell: (pod) => stringAt(objectAt(pod, "status"), "nominatedNodeName") || "<none>",
  },
  { name: "Readiness Gates", type: "string", priority: 1, cell: readinessGates },
];
