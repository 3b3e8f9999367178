/** Puts together what a container's process needs to start: program, environment, folders, and the network hook. */
import { existsSync, mkdirSync } from "node:fs";
import { delimiter, dirname, join, normalize } from "node:path";
import { pathToFileURL } from "node:url";
import type { Container, Pod } from "../client/index.ts";
import type { StartContext } from "./container.ts";
import { ConfigError, containerEnvironment, expand, type ObjectReader } from "./environment.ts";
import { findImage, type Image } from "./image.ts";
import { pathRewriter, type Mount } from "./mounts.ts";
import type { ImageMapping, NetworkMode } from "./options.ts";

/** A file URL. */
export const networkHook = pathToFileURL(join(import.meta.dirname, "network-hook.mjs")).href;

export interface ContainerSurroundings {
  readonly pod: Pod;
  readonly podIP: string;
  readonly hostIP: string;
  readonly images: readonly ImageMapping[];
  readonly objects: ObjectReader;
  /** The pod's folder. */
  readonly folder: string;
  readonly volumes: ReadonlyMap<string, string>;
  readonly terminationLog: string;
  readonly network: { readonly mode: NetworkMode; readonly directory: string };
  readonly locate: StartContext["locate"];
}

/** This process's own Node comes first, so that `node` in a pod is the version that the sandbox runs on. */
export const searchPath = [dirname(process.execPath), process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"].join(delimiter);

function mountsOf(container: Container, image: Image, around: ContainerSurroundings, env: Record<string, string>): Mount[] {
  const mounts: Mount[] = [
    ...Object.entries(image.paths).map(([mountPath, source]) => ({ mountPath, source })),
    { mountPath: container.terminationMessagePath ?? "/dev/termination-log", source: around.terminationLog },
  ];
  for (const { name, mountPath, subPath, subPathExpr } of container.volumeMounts ?? []) {
    const folder = around.volumes.get(name);
    if (folder === undefined) throw new ConfigError(`volume mount ${mountPath}: the pod has no volume named ${name}`);
    const below = subPathExpr === undefined ? (subPath ?? "") : expand(subPathExpr, env);
    if (normalize(below).startsWith(".."))
      throw new ConfigError(`volume mount ${mountPath}: the sub path ${below} leaves its volume`);
    const source = join(folder, below);
    // A sub path that is not there becomes a folder, as in the real kubelet.
    if (below !== "" && !existsSync(source)) mkdirSync(source, { recursive: true });
    mounts.push({ mountPath, source });
  }
  return mounts;
}

/** Throws ImageError or ConfigError. */
export async function startContext(container: Container, around: ContainerSurroundings): Promise<StartContext> {
  const { pod, podIP, hostIP, folder } = around;
  const image = findImage(container, around.images, searchPath);
  const scratch = join(folder, "scratch", container.name);
  mkdirSync(scratch, { recursive: true });
  const hostname = pod.spec.hostname ?? pod.metadata.name;
  const base: Record<string, string> = {
    PATH: searchPath,
    HOME: scratch,
    TMPDIR: scratch,
    LANG: process.env["LANG"] ?? "C.UTF-8",
    HOSTNAME: hostname,
    ...image.env,
    NODE_OPTIONS: [image.env["NODE_OPTIONS"] ?? "", `--import=${networkHook}`].join(" ").trim(),
    SANDBOX_NETWORK: around.network.directory,
    SANDBOX_NETWORK_MODE: around.network.mode,
    SANDBOX_POD_IP: podIP,
    SANDBOX_POD_NAMESPACE: pod.metadata.namespace ?? "default",
    SANDBOX_POD_HOSTNAME: hostname,
  };
  const env = await containerEnvironment(pod, container, { podIP, hostIP }, around.objects, base);
  const rewrite = pathRewriter(mountsOf(container, image, around, env));
  for (const [name, value] of Object.entries(env)) if (value !== base[name]) env[name] = rewrite(value);
  if (env["NODE_OPTIONS"] !== base["NODE_OPTIONS"]) env["NODE_OPTIONS"] = `${env["NODE_OPTIONS"]} --import=${networkHook}`;
  if (env["TMPDIR"] === scratch && rewrite("/tmp") !== "/tmp") env["TMPDIR"] = rewrite("/tmp");
  const cwd = container.workingDir === undefined ? (image.cwd ?? scratch) : rewrite(container.workingDir);
  if (!existsSync(cwd)) throw new ConfigError(`the working directory ${cwd} is not a folder of this machine`);
  return { image, env, cwd, podIP, rewrite, locate: around.locate };
}
