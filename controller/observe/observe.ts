/** Gathers everything a decision is made from. Reads caches and asks workers; writes nothing. */
import { annotations, childNames, hashOf, type Dataflow } from "../api/index.ts";
import type { CleanupPhase, ObservedCode, ObservedPod, ObservedStatefulSet, WorkerStatus } from "../decide/index.ts";
import { isKubeError, type Informer, type KubeClient, type Listed } from "../machinery/index.ts";
import { observePod, type RawPod } from "./pods.ts";
import type { WorkerClient } from "./worker-client.ts";

export interface RawStatefulSet extends Listed {
  metadata: Listed["metadata"] & { uid: string; deletionTimestamp?: string; ownerReferences?: { uid: string }[] };
  spec: { replicas?: number; template: { metadata?: { annotations?: Record<string, string> } } };
}

export interface Caches {
  readonly statefulSets: Informer<RawStatefulSet>;
  /** Pods of one Dataflow. */
  podsOf(namespace: string, name: string): readonly RawPod[];
}

export interface Observation {
  readonly statefulSet: ObservedStatefulSet | undefined;
  readonly pods: readonly ObservedPod[];
  readonly workers: ReadonlyMap<number, WorkerStatus>;
  readonly code: ObservedCode;
  /** The module's text, to be copied to a ConfigMap of ours. */
  readonly codeText: string | undefined;
  readonly missing: readonly string[];
  readonly cleanup: { readonly phase: CleanupPhase; readonly message: string };
}

/** Statuses asked for at the same time, per flow. */
const concurrency = 16;

export async function observe(
  dataflow: Dataflow,
  caches: Caches,
  client: KubeClient,
  workerClient: WorkerClient,
): Promise<Observation> {
  const { namespace, name, uid } = dataflow.metadata;
  const raw = caches.podsOf(namespace, name);
  const pods = raw.map((pod) => observePod(name, pod)).filter((pod): pod is ObservedPod => pod !== undefined);
  const found = caches.statefulSets.get(`${namespace}/${childNames.statefulSet(name)}`);
  const foreign = found !== undefined && found.metadata.ownerReferences?.some((owner) => owner.uid === uid) !== true;
  const [workers, code, missing] = await Promise.all([
    askAll(pods, workerClient),
    codeOf(dataflow, client),
    missingOf(dataflow, client),
  ]);
  const taken = foreign ? [`a StatefulSet called ${name} is there already and is not this Dataflow's: rename one of them`] : [];
  return {
    statefulSet: found === undefined || foreign ? undefined : statefulSetOf(found),
    pods,
    workers,
    code: code.observed,
    codeText: code.text,
    missing: [...missing, ...taken],
    cleanup: cleanupOf(raw.find((pod) => pod.metadata.name === childNames.cleanup(name))),
  };
}

function statefulSetOf(found: RawStatefulSet): ObservedStatefulSet {
  return {
    uid: found.metadata.uid,
    run: found.spec.template.metadata?.annotations?.[annotations.run],
    replicas: found.spec.replicas ?? 1,
    deleting: found.metadata.deletionTimestamp !== undefined,
  };
}

async function askAll(pods: readonly ObservedPod[], client: WorkerClient): Promise<ReadonlyMap<number, WorkerStatus>> {
  const workers = new Map<number, WorkerStatus>();
  const open = pods.filter(
    (pod) => pod.ip !== undefined && pod.ip !== "" && pod.phase === "Running" && pod.deletingSince === undefined,
  );
  const next = open.values();
  const ask = async () => {
    for (const pod of next) {
      const status = await client.status(pod.ip!);
      // An address may have passed to another flow's pod since the pod was seen.
      if (status !== undefined && status.process === pod.ordinal) workers.set(pod.ordinal, status);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, open.length) }, ask));
  return workers;
}

async function codeOf(dataflow: Dataflow, client: KubeClient): Promise<{ observed: ObservedCode; text: string | undefined }> {
  const { flow } = dataflow.spec;
  if (flow.inline !== undefined) return { observed: { hash: hashOf(flow.inline), key: "flow.ts" }, text: flow.inline };
  if (flow.configMap === undefined) return { observed: undefined, text: undefined };
  const { name } = flow.configMap;
  const key = flow.configMap.key ?? "flow.ts";
  const problem = (why: string) => ({ observed: { problem: `spec.flow.configMap: ${why}` }, text: undefined });
  try {
    const found = await client.request<{ data?: Record<string, string> }>(
      "GET",
      `/api/v1/namespaces/${dataflow.metadata.namespace}/configmaps/${name}`,
    );
    const text = found.data?.[key];
    if (text === undefined) return problem(`ConfigMap "${name}" has no key "${key}"`);
    return { observed: { hash: hashOf(text), key }, text };
  } catch (error) {
    if (isKubeError(error, 404)) return problem(`there is no ConfigMap "${name}"`);
    throw error;
  }
}

async function missingOf(dataflow: Dataflow, client: KubeClient): Promise<string[]> {
  const secret = dataflow.spec.recovery?.credentialsSecret;
  if (secret === undefined || dataflow.metadata.deletionTimestamp !== undefined) return [];
  try {
    await client.request("GET", `/api/v1/namespaces/${dataflow.metadata.namespace}/secrets/${secret}`);
    return [];
  } catch (error) {
    if (isKubeError(error, 404)) return [`spec.recovery.credentialsSecret: there is no Secret "${secret}"`];
    // Not being allowed to look is no reason to stop: the pods will show what is missing.
    if (isKubeError(error, 403)) return [];
    throw error;
  }
}

function cleanupOf(pod: RawPod | undefined): Observation["cleanup"] {
  if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return { phase: "absent", message: "" };
  const phase = pod.status?.phase;
  const ended = pod.status?.containerStatuses
    ?.map((container) => container.state?.terminated)
    .find((state) => state !== undefined && state.exitCode !== 0);
  const message = (ended?.message ?? ended?.reason ?? pod.status?.message ?? "").trim().slice(-500);
  if (phase === "Succeeded") return { phase: "succeeded", message };
  if (phase === "Failed") return { phase: "failed", message };
  return { phase: "running", message };
}
