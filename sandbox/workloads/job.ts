/** The Job controller: pods until enough have succeeded, or too many have failed. NonIndexed completion only. */
import { resources, type Condition, type List, type Pod } from "../client/index.ts";
import { runController, type Controller, type ControllerContext } from "./controller.ts";
import { isOwnedBy, named, ownerKeys, ownerReference } from "./ownership.ts";
import { isOver, isReady, isTerminating } from "./pods.ts";
import type { Job } from "./types.ts";
import { statusDiffers } from "./status-change.ts";

const now = (): string => new Date().toISOString().replace(/\.\d+Z$/, "Z");
const has = (job: Job, type: string): boolean =>
  job.status?.conditions?.some((condition) => condition.type === type && condition.status === "True") === true;

/** Pause after the n-th failure, in milliseconds. */
const failurePauseMs = (failures: number): number => Math.min(360_000, 10_000 * 2 ** (failures - 1));

export function startJobController(context: ControllerContext): Controller {
  const { client, events } = context;
  const jobs = context.informer<Job>(resources.jobs);

  const finish = (job: Job, type: "Complete" | "Failed", reason: string, message: string): Condition[] => {
    const at = now();
    const first = type === "Complete" ? "SuccessCriteriaMet" : "FailureTarget";
    const about = named(resources.jobs, job);
    events.record(about, type === "Complete" ? "Normal" : "Warning", type === "Complete" ? "Completed" : reason, message);
    return [first, type].map((name) => ({
      type: name,
      status: "True",
      reason,
      message,
      lastProbeTime: at,
      lastTransitionTime: at,
    }));
  };

  const createPod = async (job: Job): Promise<void> => {
    const { name, namespace = "default", uid = "" } = job.metadata;
    const { template } = job.spec;
    const labels = {
      "batch.kubernetes.io/controller-uid": uid,
      "batch.kubernetes.io/job-name": name,
      "controller-uid": uid,
      "job-name": name,
    };
    const metadata = {
      ...template.metadata,
      generateName: `${name}-`,
      namespace,
      labels: { ...template.metadata?.labels, ...labels },
    };
    const pod = await client.create<Pod>(resources.pods, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        ...metadata,
        ownerReferences: [ownerReference(resources.jobs, job)],
      } as Pod["metadata"],
      spec: template.spec,
    });
    events.record(named(resources.jobs, job), "Normal", "SuccessfulCreate", `Created pod: ${pod.metadata.name}`);
  };

  const reconcile = async (key: string): Promise<number | void> => {
    const job = jobs.byKey(key);
    if (job === undefined || job.metadata.deletionTimestamp !== undefined) return undefined;
    const { name, namespace, uid } = job.metadata;
    if (job.spec.completionMode === "Indexed") {
      events.record(
        named(resources.jobs, job),
        "Warning",
        "NotSupported",
        "The sandbox runs jobs with completionMode NonIndexed only",
      );
      return undefined;
    }
    const ended = has(job, "Complete") || has(job, "Failed");
    if (ended) {
      const ttl = job.spec.ttlSecondsAfterFinished;
      if (ttl === undefined) return undefined;
      const at = job.status?.conditions?.find(({ type }) => type === "Complete" || type === "Failed")?.lastTransitionTime;
      const left = Date.parse(at ?? now()) + ttl * 1000 - Date.now();
      if (left > 0) return left;
      return client.delete(resources.jobs, name, namespace, { propagationPolicy: "Background", preconditions: { uid } });
    }
    const list: List<Pod> = await client.list<Pod>(resources.pods, namespace, {
      labelSelector: `batch.kubernetes.io/controller-uid=${uid}`,
    });
    const own = list.items.filter((pod) => isOwnedBy(pod, job));
    const succeeded = own.filter((pod) => pod.status?.phase === "Succeeded").length;
    const failedPods = own.filter((pod) => pod.status?.phase === "Failed");
    let running = own.filter((pod) => !isOver(pod) && !isTerminating(pod));
    const wanted = job.spec.completions ?? 1;
    const retries = own
      .flatMap((pod) => pod.status?.containerStatuses ?? [])
      .reduce((total, { restartCount }) => total + restartCount, 0);
    const startTime = job.status?.startTime ?? (job.spec.suspend === true ? undefined : now());
    const deadline =
      job.spec.activeDeadlineSeconds === undefined || startTime === undefined
        ? undefined
        : Date.parse(startTime) + job.spec.activeDeadlineSeconds * 1000;
    let conditions: Condition[] | undefined;
    let again: number | undefined;

    if (succeeded >= wanted) conditions = finish(job, "Complete", "CompletionsReached", "Job completed");
    else if (failedPods.length + retries > (job.spec.backoffLimit ?? 6))
      conditions = finish(job, "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit");
    else if (deadline !== undefined && Date.now() >= deadline)
      conditions = finish(job, "Failed", "DeadlineExceeded", "Job was active longer than specified deadline");
    const stopping = conditions !== undefined || job.spec.suspend === true;
    const target = stopping ? 0 : Math.min(job.spec.parallelism ?? 1, wanted - succeeded);
    for (const pod of running.slice(target))
      await client.delete(resources.pods, pod.metadata.name, namespace, { preconditions: { uid: pod.metadata.uid } });
    running = running.slice(0, target);
    if (running.length < target) {
      const lastFailure = Math.max(
        0,
        ...failedPods.map((pod) => Date.parse(pod.status?.containerStatuses?.[0]?.state.terminated?.finishedAt ?? "") || 0),
      );
      const pauseLeft = failedPods.length === 0 ? 0 : lastFailure + failurePauseMs(failedPods.length) - Date.now();
      if (pauseLeft > 0) again = pauseLeft;
      else for (let missing = running.length; missing < target; missing++) await createPod(job);
    }
    const status = {
      ...(startTime === undefined ? {} : { startTime }),
      active: conditions === undefined ? Math.max(running.length, again === undefined ? target : 0) : 0,
      ready: running.filter(isReady).length,
      succeeded,
      failed: failedPods.length,
      ...(conditions === undefined ? {} : { conditions: [...(job.status?.conditions ?? []), ...conditions] }),
      ...(conditions?.at(-1)?.type === "Complete" ? { completionTime: now() } : {}),
    };
    if (statusDiffers(status, job.status)) await client.merge(resources.jobs, name, namespace, { status }, "status");
    return again ?? (deadline === undefined ? undefined : Math.max(1, deadline - Date.now()));
  };

  return runController(context, {
    name: "job-controller",
    sources: [
      { resource: resources.jobs, keys: (job: Job) => [`${job.metadata.namespace}/${job.metadata.name}`] },
      { resource: resources.pods, keys: ownerKeys(resources.jobs) },
    ],
    reconcile,
  });
}
