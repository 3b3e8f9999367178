/**
 * One pass over one Dataflow: observe, decide, write down, do. The record goes first, then the status, then the actions, so
 * that whatever happens in between, the next pass (of this controller or another) knows what was meant.
 */
import { childNames, labels, type Dataflow, type DataflowStatus } from "./api/index.ts";
import { childMetadata, execute, WorkerRequestFailed, type Applier } from "./apply/index.ts";
import { noMemory, type AutoscaleMemory } from "./autoscale/index.ts";
import {
  decide,
  idleMeter,
  type Action,
  type DataflowRecord,
  type DecidedEvent,
  type Meter,
  type Settings,
} from "./decide/index.ts";
import {
  isKubeError,
  KubeError,
  type Clock,
  type EventRecorder,
  type Informer,
  type KubeClient,
  type Listed,
  type Log,
} from "./machinery/index.ts";
import { observe, type Caches, type RecordStore, type WorkerClient } from "./observe/index.ts";
import { createStatusWriter } from "./status-writer.ts";

export interface ReconcilerOptions {
  readonly client: KubeClient;
  readonly workerClient: WorkerClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly recorder: EventRecorder;
  readonly applier: Applier;
  readonly records: RecordStore;
  readonly settings: Settings;
  readonly statusInterval: number;
  readonly dataflows: (key: string) => Dataflow | undefined;
  readonly cachesFor: (namespace: string) => Caches;
  readonly configMaps: (namespace: string) => Informer<Listed & { metadata: { labels?: Record<string, string> } }>;
  readonly onPhase?: (key: string, phase: string | undefined) => void;
  readonly onRescaled?: (reason: string) => void;
}

interface Memory {
  autoscale: AutoscaleMemory;
  meter: Meter;
  applyError: string | undefined;
  /** The snapshot of the last drain: its workers leave before they can be asked for it. */
  drained: DataflowStatus["lastSnapshot"];
}

const rescaleTimeout = 60_000;
const retryWorker = 1000;
const refusals = new Set([400, 403, 422]);
/** Actions by which the API server accepts or refuses what was built from the spec. */
const applies = new Set<Action["kind"]>(["applyRun", "checkRun"]);

export type Reconcile = (key: string) => Promise<{ requeueAfter: number | undefined }>;

export function createReconciler(options: ReconcilerOptions): Reconcile {
  const { client, clock, log, recorder, applier, records, settings } = options;
  const memories = new Map<string, { uid: string; memory: Memory }>();
  const statuses = createStatusWriter(client, clock, options.statusInterval);

  return async (key) => {
    const dataflow = options.dataflows(key);
    if (dataflow === undefined) {
      const gone = memories.get(key);
      if (gone !== undefined) {
        records.forget(gone.uid);
        statuses.forget(gone.uid);
        applier.forget(...(key.split("/") as [string, string]));
        memories.delete(key);
        options.onPhase?.(key, undefined);
      }
      return { requeueAfter: undefined };
    }
    const { namespace, name, uid } = dataflow.metadata;
    let known = memories.get(key);
    if (known?.uid !== uid) {
      if (known !== undefined) records.forget(known.uid);
      known = { uid, memory: { autoscale: noMemory, meter: idleMeter, applyError: undefined, drained: undefined } };
      memories.set(key, known);
    }
    const { memory } = known;
    const [record, seen] = await Promise.all([
      records.read(dataflow),
      observe(dataflow, options.cachesFor(namespace), client, options.workerClient),
    ]);
    const decision = decide({
      now: clock.now(),
      dataflow: { ...dataflow, status: withDrained(statuses.last(dataflow), memory.drained) },
      record,
      statefulSet: seen.statefulSet,
      pods: seen.pods,
      workers: seen.workers,
      code: seen.code,
      missing: seen.missing,
      cleanup: seen.cleanup,
      autoscale: memory.autoscale,
      meter: memory.meter,
      applyError: memory.applyError,
      settings,
    });
    memory.autoscale = decision.autoscale;
    memory.meter = decision.meter;
    const subject = { apiVersion: dataflow.apiVersion, kind: dataflow.kind, namespace, name, uid };
    const say = ({ type, reason, message }: DecidedEvent) => {
      recorder.record(subject, type, reason, message);
      log.info({ dataflow: key, reason, detail: message }, "event");
      if (reason === "Rescaled") options.onRescaled?.(decision.status.lastRescale?.reason ?? "Unknown");
    };
    const code =
      seen.codeText !== undefined && seen.code !== undefined && "hash" in seen.code
        ? { ...seen.code, text: seen.codeText }
        : undefined;
    const perform = async (action: Action): Promise<{ retryAfter: number } | undefined> => {
      try {
        const answer = await execute(action, {
          dataflow,
          client,
          applier,
          post: options.workerClient.post,
          addressOf: (pod) => seen.pods.find((entry) => entry.name === pod)?.ip,
          code,
          settings: { drainDeadline: settings.drainDeadline, rescaleTimeout, cleanupDeadline: settings.cleanupDeadline },
        });
        if (action.kind === "drain") memory.drained = snapshotOf(answer, clock.now()) ?? memory.drained;
      } catch (error) {
        if (error instanceof WorkerRequestFailed) {
          say({ type: "Warning", reason: error.reason, message: error.message });
          return { retryAfter: retryWorker };
        }
        // Somebody else was faster: the cache will say so in a moment.
        if (isKubeError(error, 409)) return { retryAfter: settings.progressInterval };
        const refused = error instanceof KubeError && refusals.has(error.status);
        if (refused && (applies.has(action.kind) || action.kind === "startCleanup")) {
          memory.applyError = error.message;
          if (applies.has(action.kind)) say({ type: "Warning", reason: "ApplyFailed", message: error.message });
        }
        throw error;
      }
      if (applies.has(action.kind)) memory.applyError = undefined;
      else log.debug({ dataflow: key, action: action.kind }, "action done");
      return undefined;
    };

    const removing = decision.actions.some((action) => action.kind === "removeFinalizer");
    const ours = dataflow.metadata.deletionTimestamp === undefined || (dataflow.metadata.finalizers?.length ?? 0) > 0;
    // Finalizers are changed at the version that was seen, so before our own status makes it an older one.
    const [first, rest] = splitFinalizer(decision.actions);
    for (const action of first) {
      const retry = await perform(action);
      if (retry !== undefined) return { requeueAfter: retry.retryAfter };
    }
    if (ours && !removing) await records.write(dataflow, decision.record, recordMetadata(dataflow));
    for (const event of decision.events) say(event);
    if (ours && !removing) await statuses.write(dataflow, decision.status);
    options.onPhase?.(key, decision.status.phase);
    for (const action of rest) {
      const retry = await perform(action);
      if (retry !== undefined) return { requeueAfter: retry.retryAfter };
    }
    if (!removing) await collectCode(options, dataflow, decision.record, code?.hash);
    return { requeueAfter: decision.requeueAfter };
  };
}

type LastSnapshot = NonNullable<DataflowStatus["lastSnapshot"]>;

/** From the answer to a drain; epoch 0 stands for none. */
function snapshotOf(answer: unknown, now: number): LastSnapshot | undefined {
  const { epoch = 0, bytes = 0, durationMilliseconds = 0 } = (answer ?? {}) as Partial<LastSnapshot>;
  if (epoch === 0) return undefined;
  return { epoch, bytes, durationMilliseconds, time: new Date(now).toISOString() };
}

function withDrained(status: DataflowStatus, drained: LastSnapshot | undefined): DataflowStatus {
  if (drained === undefined || Date.parse(drained.time) <= Date.parse(status.lastSnapshot?.time ?? "1970-01-01")) return status;
  return { ...status, lastSnapshot: drained };
}

function splitFinalizer(actions: readonly Action[]): [Action[], Action[]] {
  return [actions.filter((action) => action.kind === "addFinalizer"), actions.filter((action) => action.kind !== "addFinalizer")];
}

function recordMetadata(dataflow: Dataflow): Record<string, unknown> {
  return { ...childMetadata(dataflow, childNames.record(dataflow.metadata.name)) };
}

/** Code that no run can come back to is removed. */
async function collectCode(
  options: ReconcilerOptions,
  dataflow: Dataflow,
  record: DataflowRecord,
  wanted: string | undefined,
): Promise<void> {
  const { namespace, name } = dataflow.metadata;
  const used = new Set(
    [record.run?.revision.code?.hash, record.stable?.code?.hash, wanted].map((hash) =>
      hash === undefined ? "" : childNames.code(name, hash),
    ),
  );
  // A run that is still being replaced may need its own.
  if (record.operation !== undefined) return;
  for (const configMap of options.configMaps(namespace).values()) {
    const { metadata } = configMap;
    if (metadata.namespace !== namespace || metadata.labels?.[labels.dataflow] !== name) continue;
    if (!metadata.name.startsWith(`${name}-code-`) || used.has(metadata.name)) continue;
    try {
      await options.client.request("DELETE", `/api/v1/namespaces/${namespace}/configmaps/${metadata.name}`);
    } catch (error) {
      if (!isKubeError(error, 404)) throw error;
    }
  }
}
