/** What a pod's object says about its process. */
import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import { annotations, ordinalOf } from "../api/index.ts";
import type { ObservedPod } from "../decide/index.ts";

/** Objects come as the API server wrote them: times are strings. */
export type RawPod = Omit<V1Pod, "metadata"> & {
  metadata: {
    name: string;
    namespace: string;
    uid: string;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    annotations?: Record<string, string>;
    labels?: Record<string, string>;
  };
};

/** undefined for pods that are not a process of the flow. */
export function observePod(name: string, pod: RawPod): ObservedPod | undefined {
  const ordinal = ordinalOf(name, pod.metadata.name);
  if (ordinal === undefined) return undefined;
  const status = pod.status ?? {};
  const container = status.containerStatuses?.find((entry) => entry.name === "worker");
  return {
    name: pod.metadata.name,
    uid: pod.metadata.uid,
    ordinal,
    run: pod.metadata.annotations?.[annotations.run],
    phase: status.phase ?? "Pending",
    ip: status.podIP,
    node: pod.spec?.nodeName,
    ready:
      pod.metadata.deletionTimestamp === undefined &&
      (status.conditions?.some((entry) => entry.type === "Ready" && entry.status === "True") ?? false),
    restarts: container?.restartCount ?? 0,
    createdAt: timeOf(pod.metadata.creationTimestamp) ?? 0,
    deletingSince: timeOf(pod.metadata.deletionTimestamp),
    waiting: waitingOf(pod, container),
    lastExit: exitOf(container),
  };
}

function waitingOf(pod: RawPod, container: V1ContainerStatus | undefined): ObservedPod["waiting"] {
  const initial = pod.status?.initContainerStatuses?.find(
    (entry) => entry.state?.waiting?.reason !== undefined && entry.state.waiting.reason !== "PodInitializing",
  );
  const waiting = container?.state?.waiting?.reason === "PodInitializing" ? initial?.state?.waiting : container?.state?.waiting;
  if (waiting?.reason !== undefined && waiting.reason !== "ContainerCreating" && waiting.reason !== "PodInitializing")
    return { reason: waiting.reason, message: (waiting.message ?? waiting.reason).slice(0, 500) };
  const scheduled = pod.status?.conditions?.find((entry) => entry.type === "PodScheduled");
  if (scheduled?.status === "False")
    return { reason: scheduled.reason ?? "Unschedulable", message: (scheduled.message ?? "").slice(0, 500) };
  return undefined;
}

function exitOf(container: V1ContainerStatus | undefined): ObservedPod["lastExit"] {
  const ended = container?.state?.terminated ?? container?.lastState?.terminated;
  if (ended === undefined) return undefined;
  return {
    code: ended.exitCode,
    at: timeOf(ended.finishedAt as unknown as string | undefined) ?? 0,
    message: readable(ended.message ?? ended.reason ?? ""),
  };
}

/**
 * What the end of a log tells, in words: what the worker said last to people (`weir: …`, up to its stack), or the newest JSON
 * line that tells of an error, or just the last lines. The first line may have lost its beginning.
 */
function readable(message: string): string {
  const lines = message.trim().split("\n");
  const said = lines.findLastIndex((line) => line.startsWith("weir: "));
  if (said >= 0) {
    const first = lines[said]!.slice("weir: ".length);
    const more = lines.slice(said + 1).map((line) => line.trim());
    return [first, ...more.filter((line) => !line.startsWith("at ") && !first.includes(line))].join(" ").slice(0, 1000);
  }
  for (const line of lines.toReversed()) {
    if (!line.startsWith("{")) continue;
    try {
      const parsed = JSON.parse(line) as {
        level?: unknown;
        msg?: unknown;
        err?: { message?: unknown; code?: unknown };
        error?: { message?: unknown; code?: unknown };
      };
      const error = parsed.err ?? parsed.error;
      if (typeof error?.message === "string")
        return `${typeof error.code === "string" ? `${error.code}: ` : ""}${error.message}`.slice(0, 1000);
    } catch {
      // A line that was cut off, or no JSON.
    }
  }
  return lines.slice(-5).join("\n").slice(-1000);
}

function timeOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}
