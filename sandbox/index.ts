/**
 * A Kubernetes for a laptop: an API server in a child process, the workload controllers and a kubelet whose pods are processes, in this one.
 * Invariants: loopback only; everything written is in one folder, and what ran is found again there by the next start; after
 * `stop`, or when this process ends, nothing runs any more.
 */
import { join, resolve } from "node:path";
import { startApiServerChild, type ApiServerChild } from "./api-server-child.ts";
import { kubeletToken } from "./apiserver/kubelet-token.ts";
import { loadKubeconfig } from "./client/index.ts";
import { lockFolder } from "./folder-lock.ts";
import { startKubelet, type BackOff, type ImageMapping, type NetworkMode } from "./kubelet/index.ts";
import { startWorkloads } from "./workloads/index.ts";

export type { ImageMapping, NetworkMode } from "./kubelet/index.ts";

export interface SandboxOptions {
  readonly directory: string;
  /** What images stand for; others run when their container's command is a program of this machine. */
  readonly images?: readonly ImageMapping[];
  /** Of the API server; default: the last one, or any that is free. */
  readonly port?: number;
  /** Default: by platform. */
  readonly network?: NetworkMode;
  /** Default "sandbox". It is part of what is found again, so keep it for a folder. */
  readonly nodeName?: string;
  readonly backOff?: Partial<BackOff>;
  /** Longest time in seconds that pods get to end when the sandbox stops; default 5. */
  readonly shutdownGraceSeconds?: number;
  /** Told what goes wrong inside; default: nothing is. */
  readonly log?: (message: string) => void;
}

export interface Sandbox {
  readonly url: string;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly nodeName: string;
  /** To be set for Node programs that are to find pods by name or, on macOS, by address, from outside of the pods. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where to connect, from this process, to reach a pod's port. */
  locate(podIP: string, port: number): { host: string; port: number };
  /** Faults on request, and its death and return. */
  readonly apiServer: Pick<ApiServerChild, "faults" | "kill" | "crash" | "start">;
  /** Pods' processes end, their objects stay. */
  stop(): Promise<void>;
}

/** Resolves when the API answers and the node is ready. Rejects when the folder is in use, or an explicit port taken. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const directory = resolve(options.directory);
  const unlock = lockFolder(directory);
  const log = options.log ?? (() => undefined);
  const nodeName = options.nodeName ?? "sandbox";
  const api = await startApiServerChild({ directory: join(directory, "api"), port: options.port, log }).catch((error: unknown) => {
    unlock();
    throw error;
  });
  const access = loadKubeconfig(api.kubeconfig);
  const claimsFolder = join(directory, "claims");
  const kubelet = await startKubelet({
    access,
    nodeName,
    ...(access.token === undefined ? {} : { token: kubeletToken(access.token) }),
    directory: join(directory, "kubelet"),
    images: options.images,
    network: options.network,
    backOff: options.backOff,
    claimsFolder,
    shutdownGraceSeconds: options.shutdownGraceSeconds,
    log: (message) => log(`kubelet: ${message}`),
  }).catch(async (error: unknown) => {
    await api.stop();
    unlock();
    throw error;
  });
  const workloads = startWorkloads({ access, claimsFolder, log: (message) => log(`workloads: ${message}`) });
  const atExit = (): void => kubelet.killAll();
  process.once("exit", atExit);
  await kubelet.registered;

  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    // New pods must not come while the old ones go.
    await workloads.stop();
    await kubelet.stop();
    await api.stop();
    process.off("exit", atExit);
    unlock();
  };
  return {
    url: api.url,
    kubeconfig: api.kubeconfig,
    nodeName,
    environment: kubelet.environment,
    locate: kubelet.locate,
    apiServer: api,
    stop: () => (stopping ??= stop()),
  };
}
