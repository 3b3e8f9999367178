/**
 * The kubelet: follows the pods assigned to its node and gives each a worker. It speaks plain Kubernetes, so its API server may be the
 * sandbox's or a real one. Invariant: every process it started belongs to a pod whose folder names it; what such a folder names and
 * no pod accounts for is ended.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  createClient,
  createEventRecorder,
  isConflict,
  isNotFound,
  outageLog,
  pause,
  resources,
  startInformer,
  type Client,
  type Pod,
  type Service,
} from "../client/index.ts";
import { claimAddresses } from "./addresses.ts";
import { claimFolder } from "./claims.ts";
import { hostsTable, openNetworkTable } from "./network-table.ts";
import { startNode } from "./node.ts";
import type { KubeletOptions } from "./options.ts";
import { createPodWorker, type PodHost, type PodWorker } from "./pod-worker.ts";
import { adoptProcess } from "./process.ts";
import { loadRecords, type PodRecord } from "./record.ts";
import { followReferences } from "./references.ts";
import { defaultBackOff } from "./restart.ts";
import { startKubeletServer } from "./server.ts";
import { networkHook } from "./start-context.ts";
import { createStatusWriter } from "./status-writer.ts";
import { createTokens } from "./tokens.ts";

export interface Kubelet {
  /** The port on 127.0.0.1 that logs are served at. */
  readonly port: number;
  /** Resolves when the API has the node as ready. */
  readonly registered: Promise<void>;
  /** Ends all pods' processes; the pods themselves stay in the API, and a kubelet on the same directory starts them again. */
  stop(): Promise<void>;
  /** For Node programs outside of the pods that are to find them by name, or by a pretended address. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where to connect, from outside of the pods, to reach a pod's port. */
  locate(podIP: string, port: number): { host: string; port: number };
  /** SIGKILL to all pods' processes, at once and synchronously: for the very end of this process. */
  killAll(): void;
  /** Stops as SIGKILL would, for tests: processes go on, the next kubelet adopts them. */
  abandon(): Promise<void>;
}

const isOver = (pod: Pod): boolean => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";

export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const directory = resolve(options.directory);
  const mode = options.network ?? (process.platform === "linux" ? "addresses" : "mapped");
  const log = options.log ?? (() => undefined);
  const report = outageLog(log);
  const podsFolder = join(directory, "pods");
  mkdirSync(podsFolder, { recursive: true, mode: 0o700 });
  const client: Client = createClient(options.access, "kubelet");
  const addresses = await claimAddresses(directory, mode);
  const table = openNetworkTable(join(directory, "network"), mode);
  const workers = new Map<string, PodWorker>();
  const records = new Map<string, PodRecord>(loadRecords(podsFolder).map((record) => [record.uid, record]));
  const byName = (namespace: string, name: string): PodWorker | undefined =>
    [...workers.values()].find((worker) => worker.pod().metadata.name === name && worker.pod().metadata.namespace === namespace);
  const server = await startKubeletServer(options, (namespace, pod, container) => byName(namespace, pod)?.container(container));
  const node = startNode(client, {
    name: options.nodeName,
    address: "127.0.0.1",
    port: server.port,
    labels: options.nodeLabels ?? {},
    report,
  });
  const events = createEventRecorder(client, "kubelet", options.nodeName);
  const statuses = createStatusWriter(client, (uid) => workers.get(uid), report);
  const references = followReferences(client, (uids) => {
    for (const uid of uids) workers.get(uid)?.refresh();
  });
  const tokens = createTokens(client, (uid) => workers.get(uid)?.refresh());
  const services = startInformer<Service>(client, resources.services, { onError: (error) => report("services", error) });
  const pods = startInformer<Pod>(client, resources.pods, {
    fieldSelector: `spec.nodeName=${options.nodeName}`,
    onError: (error) => report("pods", error),
  });

  let tableDue = false;
  const refreshTable = (): void => {
    if (tableDue) return;
    tableDue = true;
    // Once for all that changes in one turn of the event loop.
    setImmediate(() => {
      tableDue = false;
      const endpoints = [...workers.values()].map((worker) => worker.endpoint()).filter((endpoint) => endpoint !== undefined);
      table.write(hostsTable(services.list(), endpoints));
    });
  };
  services.onChange(refreshTable);

  /** Removes a pod that is being deleted from the API; waits as long as it takes for the API to answer. */
  const remove = async (pod: Pod): Promise<void> => {
    const { name, namespace, uid } = pod.metadata;
    for (let attempt = 0; !stopped; attempt++) {
      try {
        return await client.delete(resources.pods, name, namespace, { gracePeriodSeconds: 0, preconditions: { uid } });
      } catch (error) {
        if (isNotFound(error) || isConflict(error)) return;
        await pause(Math.min(2000, 50 * 2 ** attempt));
      }
    }
  };

  const host: PodHost = {
    podsFolder,
    hostIP: "127.0.0.1",
    images: options.images ?? [],
    backOff: {
      ...defaultBackOff,
      ...options.backOff,
    },
    network: {
      mode,
      directory: table.directory,
    },
    locate: table.locate,
    takeAddress: (preferred) => addresses.take(preferred),
    sources: (pod) => ({
      configMap: (_namespace, name) => references.configMap(pod, name),
      secret: (_namespace, name) => references.secret(pod, name),
      claimFolder: (namespace, claim) => claimFolder(client, namespace, claim, options.claimsFolder),
      serviceAccountToken: tokens.get,
    }),
    event(pod, type, reason, message, container) {
      const init = pod.spec.initContainers?.includes(container as never) === true;
      const about = {
        ...pod,
        apiVersion: "v1",
        kind: "Pod",
      };
      events.record(about, type, reason, message, container && `spec.${init ? "initContainers" : "containers"}{${container.name}}`);
    },
    changed(uid) {
      statuses.touch(uid);
      refreshTable();
    },
    async ended(worker) {
      await statuses.flush(worker.uid);
      if (worker.pod().metadata.deletionTimestamp !== undefined) await remove(worker.pod());
      workers.delete(worker.uid);
      references.release(worker.uid);
      tokens.release(worker.uid);
      const address = worker.address();
      if (address !== undefined) {
        table.forget(address);
        addresses.free(address);
      }
      refreshTable();
    },
    log,
  };

  let stopped = false;
  pods.onChange((pod, previous) => {
    if (stopped) return;
    const uid = (pod ?? previous)?.metadata.uid as string;
    const worker = workers.get(uid);
    if (pod === undefined) return worker?.removed();
    if (worker !== undefined) return worker.update(pod);
    const record = records.get(uid);
    if (isOver(pod) && record === undefined) {
      if (pod.metadata.deletionTimestamp !== undefined) void remove(pod);
      return;
    }
    records.delete(uid);
    workers.set(uid, createPodWorker(pod, record, host));
  });
  pods.onListed(() => {
    // Pods that were removed while no kubelet ran: nobody will ask for their processes any more.
    for (const record of records.values()) {
      for (const { process: known } of Object.values(record.containers))
        if (known !== undefined) adoptProcess(known.pid, known.startTime)?.killGroup();
      rmSync(join(podsFolder, record.uid), { recursive: true, force: true });
    }
    records.clear();
  });

  const close = async (): Promise<void> => {
    for (const part of [node, pods, services, references, tokens]) part.stop();
    await server.close();
    events.stop();
    await Promise.race([statuses.stop(), pause(500)]);
    addresses.close();
    client.close();
  };
  return {
    port: server.port,
    registered: node.registered,
    environment: { NODE_OPTIONS: `--import=${networkHook}`, SANDBOX_NETWORK: table.directory, SANDBOX_NETWORK_MODE: mode },
    locate: table.locate,
    killAll() {
      for (const worker of workers.values()) worker.killAll();
    },
    async stop() {
      stopped = true;
      pods.stop();
      await Promise.all([...workers.values()].map((worker) => worker.shutDown(options.shutdownGraceSeconds ?? 5)));
      // Pods not listed since the start, for want of an API server, may have processes of the kubelet before.
      for (const record of records.values()) {
        for (const { process: known } of Object.values(record.containers))
          if (known !== undefined) adoptProcess(known.pid, known.startTime)?.killGroup();
      }
      await close();
    },
    async abandon() {
      stopped = true;
      for (const worker of workers.values()) worker.abandon();
      await close();
    },
  };
}
