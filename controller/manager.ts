/** Puts the parts together: informers feed the queue, workers take from it, one leader at a time. */
import { hostname } from "node:os";
import { randomBytes } from "node:crypto";
import { apiVersion, group, kind, labels, plural, ports, version, type Dataflow } from "./api/index.ts";
import { createApplier } from "./apply/index.ts";
import { defaultSettings, type Settings } from "./decide/index.ts";
import {
  createEventRecorder,
  createInformer,
  createKubeClient,
  createLeaderElection,
  createLog,
  createMetrics,
  createWorkQueue,
  keyOf,
  loadKubeConfig,
  serveHealth,
  systemClock,
  type Informer,
  type Listed,
} from "./machinery/index.ts";
import { createRecordStore, createWorkerClient, type RawPod, type RawStatefulSet } from "./observe/index.ts";
import type { ControllerOptions } from "./options.ts";
import { createReconciler } from "./reconcile.ts";

type Child = Listed & { metadata: Listed["metadata"] & { generation?: number; labels?: Record<string, string> } };

interface NamespaceCaches {
  readonly dataflows: Informer<Dataflow>;
  readonly statefulSets: Informer<RawStatefulSet & Child>;
  readonly pods: Informer<RawPod & Child>;
  readonly configMaps: Informer<Child>;
  readonly all: readonly Informer<Listed>[];
}

const statusTimeoutMs = 2000;
const resyncMs = 120_000;
/** In the proportions of the lease's own defaults. */
const leaseTimes = (leaseMs: number) => ({ leaseMs, renewDeadlineMs: (leaseMs * 2) / 3, retryMs: (leaseMs * 2) / 15 });

/** Runs until `signal` is aborted; rejects when the lease is lost or nothing can be started. */
export async function runController(options: ControllerOptions): Promise<void> {
  const clock = options.clock ?? systemClock;
  const log = createLog(options.logLevel ?? "info");
  const metrics = createMetrics({ process: true });
  const stop = new AbortController();
  options.signal?.addEventListener("abort", () => stop.abort(), { once: true });
  if (options.signal?.aborted === true) return;
  const client = createKubeClient(options.config ?? loadKubeConfig(options.kubeconfig), {
    onResponse: (method, status) => metrics.requests.inc({ method, code: String(status) }),
  });
  const workerClient = options.workerClient ?? createWorkerClient({ port: ports.http, statusTimeoutMs });
  const settings: Settings = {
    ...defaultSettings,
    ...(options.runtimeImage === undefined ? {} : { runtimeImage: options.runtimeImage }),
    ...(options.pollInterval === undefined ? {} : { pollInterval: options.pollInterval }),
    ...(options.progressInterval === undefined ? {} : { progressInterval: options.progressInterval }),
    ...(options.unhealthyAfter === undefined ? {} : { unhealthyAfter: options.unhealthyAfter }),
  };
  const identity = `${hostname()}_${randomBytes(4).toString("hex")}`;
  const recorder = createEventRecorder(client, clock, identity, (error) => log.warn({ err: error }, "event not recorded"));
  const applier = createApplier({ client, clock, networkPolicy: options.networkPolicy ?? false, resyncMs });
  const records = createRecordStore(client);
  const queueName = { name: "dataflow" };
  const queue = createWorkQueue(clock, {
    observer: {
      onAdd: () => metrics.queueAdds.inc(queueName),
      onRetry: () => metrics.queueRetries.inc(queueName),
      onTake: (ms) => metrics.queueTime.observe(queueName, ms / 1000),
      onDone: (ms) => metrics.workTime.observe(queueName, ms / 1000),
    },
  });

  const podIndex = new Map<string, Map<string, RawPod>>();
  const ownerKey = (object: Child): string | undefined => {
    const name = object.metadata.labels?.[labels.dataflow];
    return name === undefined ? undefined : `${object.metadata.namespace}/${name}`;
  };
  const versions = new Map<string, string>();
  /** Spec changes of children by anybody, ourselves included, make the next pass apply them again. */
  const onChild = (what: string) => (object: Child, gone: boolean) => {
    const key = ownerKey(object);
    if (key === undefined || object.metadata.name.endsWith("-record")) return;
    const id = `${what}/${keyOf(object)}`;
    const seen = String(object.metadata.generation ?? object.metadata.resourceVersion);
    const changed = versions.get(id) !== seen;
    if (gone) versions.delete(id);
    else versions.set(id, seen);
    const [namespace, name] = key.split("/") as [string, string];
    if (changed || gone) applier.touched(namespace, name);
    queue.add(key);
  };

  const cachesIn = (namespace: string | undefined): NamespaceCaches => {
    const informer = <T extends Listed>(
      root: string,
      resource: string,
      labelled: boolean,
      onChange: (object: T, gone: boolean) => void,
    ) =>
      createInformer<T>({
        client,
        clock,
        path: `${root}${namespace === undefined ? "" : `/namespaces/${namespace}`}/${resource}`,
        ...(labelled ? { labelSelector: labels.dataflow } : {}),
        onChange,
        onTrouble: (what, error) => {
          metrics.informerTroubles.inc({ kind: resource });
          log.warn({ resource, what, err: error }, "informer trouble");
        },
      });
    const dataflows = informer<Dataflow>(`/apis/${group}/${version}`, plural, false, (object) => queue.add(keyOf(object)));
    const statefulSets = informer<RawStatefulSet & Child>("/apis/apps/v1", "statefulsets", true, onChild("StatefulSet"));
    const pods = informer<RawPod & Child>("/api/v1", "pods", true, (pod, gone) => {
      const key = ownerKey(pod);
      if (key === undefined) return;
      const index = podIndex.get(key) ?? new Map<string, RawPod>();
      if (gone) index.delete(pod.metadata.name);
      else index.set(pod.metadata.name, pod);
      if (index.size === 0) podIndex.delete(key);
      else podIndex.set(key, index);
      queue.add(key);
    });
    const configMaps = informer<Child>("/api/v1", "configmaps", true, onChild("ConfigMap"));
    const others = [
      informer<Child>("/api/v1", "services", true, onChild("Service")),
      informer<Child>("/api/v1", "serviceaccounts", true, onChild("ServiceAccount")),
      informer<Child>("/apis/policy/v1", "poddisruptionbudgets", true, onChild("PodDisruptionBudget")),
    ];
    return {
      dataflows,
      statefulSets,
      pods,
      configMaps,
      all: [dataflows, statefulSets, pods, configMaps, ...others] as Informer<Listed>[],
    };
  };
  const namespaces = options.namespaces ?? [];
  const caches = new Map<string, NamespaceCaches>(
    namespaces.length === 0 ? [["", cachesIn(undefined)]] : namespaces.map((name) => [name, cachesIn(name)]),
  );
  const cachesOf = (namespace: string): NamespaceCaches => caches.get(namespace) ?? caches.get("")!;
  const informers = [...caches.values()].flatMap((entry) => entry.all);

  const phases = new Map<string, string>();
  const reconcile = createReconciler({
    client,
    workerClient,
    clock,
    log,
    recorder,
    applier,
    records,
    settings,
    statusInterval: options.statusInterval ?? 3000,
    dataflows: (key) => {
      const found = cachesOf(key.split("/")[0]!).dataflows.get(key);
      // List items come without their kind.
      return found === undefined ? undefined : { ...found, apiVersion, kind };
    },
    cachesFor: (namespace) => ({
      statefulSets: cachesOf(namespace).statefulSets,
      podsOf: (ns, name) => [...(podIndex.get(`${ns}/${name}`)?.values() ?? [])],
    }),
    configMaps: (namespace) => cachesOf(namespace).configMaps,
    onPhase: (key, phase) => {
      if (phase === undefined) phases.delete(key);
      else phases.set(key, phase);
    },
    onRescaled: (reason) => metrics.rescales.inc({ reason }),
  });

  let leading = false;
  const ready = () => {
    const waiting = informers.filter((informer) => !informer.hasSynced).length;
    return leading && waiting > 0 ? `${waiting} caches are not filled yet` : undefined;
  };
  const health =
    options.healthPort === undefined
      ? undefined
      : await serveHealth({
          port: options.healthPort,
          ...(options.healthHost === undefined ? {} : { host: options.healthHost }),
          registry: metrics.registry,
          ready: () => {
            metrics.queueDepth.set(queueName, queue.length);
            metrics.activeWorkers.set({ controller: "dataflow" }, queue.working);
            return ready();
          },
        });
  const gauges = setInterval(() => {
    metrics.queueDepth.set(queueName, queue.length);
    metrics.activeWorkers.set({ controller: "dataflow" }, queue.working);
    metrics.dataflows.reset();
    for (const phase of phases.values()) metrics.dataflows.inc({ phase });
  }, 5000);
  gauges.unref();

  const concurrency = options.concurrency ?? 8;
  metrics.maxConcurrent.set({ controller: "dataflow" }, concurrency);
  const work = async (): Promise<void> => {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      const end = metrics.reconcileTime.startTimer({ controller: "dataflow" });
      try {
        const { requeueAfter } = await reconcile(key);
        queue.forget(key);
        if (requeueAfter !== undefined) queue.addAfter(key, requeueAfter);
        metrics.reconciles.inc({ controller: "dataflow", result: requeueAfter === undefined ? "success" : "requeue" });
      } catch (error) {
        metrics.reconciles.inc({ controller: "dataflow", result: "error" });
        metrics.reconcileErrors.inc({ controller: "dataflow" });
        if (!stop.signal.aborted) log.error({ dataflow: key, err: error, failures: queue.failures(key) + 1 }, "pass failed");
        queue.addRateLimited(key);
      } finally {
        end();
        queue.done(key);
      }
    }
  };

  const leaseName = options.leaseName ?? "weir-controller";
  const leaseNamespace = options.leaseNamespace ?? namespaces[0] ?? process.env.POD_NAMESPACE ?? "default";
  const election =
    options.leaderElection === false
      ? undefined
      : createLeaderElection({
          client,
          clock,
          namespace: leaseNamespace,
          name: leaseName,
          identity,
          ...(options.leaseDuration === undefined ? {} : leaseTimes(options.leaseDuration)),
          onTrouble: (error) => log.warn({ err: error }, "lease trouble"),
        });
  let lost = false;
  try {
    if (election !== undefined) {
      metrics.leader.set({ name: leaseName }, 0);
      log.info({ lease: `${leaseNamespace}/${leaseName}`, identity }, "waiting for the lease");
      if (!(await election.acquire(stop.signal))) return;
      metrics.leader.set({ name: leaseName }, 1);
    }
    leading = true;
    const leaseStop = new AbortController();
    const holding = election?.hold(leaseStop.signal).then((end) => {
      if (end !== "lost") return;
      lost = true;
      log.fatal({ lease: `${leaseNamespace}/${leaseName}` }, "lease lost");
      stop.abort();
    });
    const running = informers.map((informer) => informer.run(stop.signal));
    const stopped = new Promise<void>((resolve) => {
      if (stop.signal.aborted) resolve();
      else stop.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await Promise.race([Promise.all(informers.map((informer) => informer.synced)), stopped]);
    if (!stop.signal.aborted) {
      log.info({ namespaces: namespaces.length === 0 ? "all" : namespaces, image: settings.runtimeImage }, "controller started");
      options.onReady?.({ healthPort: health?.port });
      const workers = Array.from({ length: concurrency }, work);
      await stopped;
      queue.close();
      // Passes under way are let finish, but not for long: all they do may be done again.
      await Promise.race([Promise.all(workers), new Promise((resolve) => setTimeout(resolve, 5000).unref())]);
    }
    queue.close();
    await Promise.all(running);
    if (!lost) await recorder.flush();
    leaseStop.abort();
    await holding;
    log.info("controller stopped");
  } finally {
    clearInterval(gauges);
    await health?.close();
    workerClient.close();
    client.close();
  }
  if (lost) throw new Error(`the lease ${leaseNamespace}/${leaseName} was lost: another controller may be at work`);
}
