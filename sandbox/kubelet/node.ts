/** This machine as a Node: registered, its Lease renewed, its status refreshed. Goes on through the API server's absence. */
import { freemem, hostname, release, totalmem, availableParallelism } from "node:os";
import { isAlreadyExists, isNotFound, pause, delayMs, resources, type Client, type KubernetesObject } from "../client/index.ts";

export interface NodeOptions {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly report: (what: string, error: unknown) => void;
}

const leaseSeconds = 40;
const renewMs = 5000;
const statusMs = 60_000;

const arch: Record<string, string> = { x64: "amd64", arm64: "arm64" };

function nodeStatus({ name, address, port }: NodeOptions, existing: KubernetesObject): object {
  const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const before =
    (existing as { status?: { conditions?: { type: string; status: string; lastTransitionTime: string }[] } }).status?.conditions ??
    [];
  const condition = (type: string, status: string, reason: string, message: string) => {
    const old = before.find((other) => other.type === type);
    return {
      type,
      status,
      reason,
      message,
      lastHeartbeatTime: now,
      lastTransitionTime: old?.status === status ? old.lastTransitionTime : now,
    };
  };
  const capacity = {
    cpu: String(availableParallelism()),
    memory: `${Math.floor(totalmem() / 1024)}Ki`,
    pods: "250",
    "ephemeral-storage": `${Math.floor(freemem() / 1024)}Ki`,
  };
  return {
    capacity,
    allocatable: capacity,
    addresses: [
      { type: "InternalIP", address },
      { type: "Hostname", address: name },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
    conditions: [
      condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
      condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
      condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
      condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    ],
    nodeInfo: {
      machineID: "",
      systemUUID: "",
      bootID: "",
      kernelVersion: release(),
      osImage: `${process.platform} (pods are processes)`,
      containerRuntimeVersion: "process://1",
      kubeletVersion: "v1.35.4",
      kubeProxyVersion: "",
      operatingSystem: process.platform,
      architecture: arch[process.arch] ?? process.arch,
    },
  };
}

async function register(client: Client, options: NodeOptions): Promise<KubernetesObject> {
  const node = {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: options.name,
      labels: {
        "kubernetes.io/hostname": options.name,
        "kubernetes.io/os": process.platform,
        "kubernetes.io/arch": arch[process.arch] ?? process.arch,
        ...options.labels,
      },
      annotations: { "node.alpha.kubernetes.io/ttl": "0" },
    },
    spec: {},
  };
  try {
    return await client.create<KubernetesObject>(resources.nodes, node);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    return client.get(resources.nodes, options.name);
  }
}

async function renewLease(client: Client, name: string, node: KubernetesObject): Promise<void> {
  const renewTime = new Date().toISOString().replace("Z", "000Z");
  try {
    await client.merge(resources.leases, name, "kube-node-lease", {
      spec: { holderIdentity: name, leaseDurationSeconds: leaseSeconds, renewTime },
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await client.create(resources.leases, {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: {
        name,
        namespace: "kube-node-lease",
        ownerReferences: [
          {
            apiVersion: "v1",
            kind: "Node",
            name,
            uid: node.metadata.uid ?? "",
          },
        ],
      },
      spec: {
        holderIdentity: name,
        leaseDurationSeconds: leaseSeconds,
        renewTime,
      },
    } as KubernetesObject);
  }
}

/** `registered` resolves when the API has the node as ready. */
export function startNode(client: Client, options: NodeOptions): { registered: Promise<void>; stop(): void } {
  const stopping = new AbortController();
  const { promise: registered, resolve: markRegistered } = Promise.withResolvers<void>();
  const run = async (): Promise<void> => {
    let reported = 0;
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        if (Date.now() - reported >= statusMs || failures > 0) {
          const node = await register(client, options);
          await client.merge(resources.nodes, options.name, undefined, { status: nodeStatus(options, node) }, "status");
          // The lease comes second: in a sandbox of one node nobody may watch it, and its namespace may not be there yet.
          await renewLease(client, options.name, node);
          reported = Date.now();
          markRegistered();
        } else await renewLease(client, options.name, { metadata: { name: options.name } });
        failures = 0;
        await pause(renewMs, stopping.signal);
      } catch (error) {
        if (stopping.signal.aborted) return;
        options.report(`node ${options.name}`, error);
        await pause(delayMs(failures++, 100, 2000), stopping.signal);
      }
    }
  };
  void run();
  return { registered, stop: () => stopping.abort() };
}

export const defaultNodeName = (): string =>
  hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, "-")
    .replaceAll(/^[.-]+|[.-]+$/g, "") || "node";
