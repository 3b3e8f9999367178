/**
 * A pod's volumes as folders of this machine. Those made from objects (configMap, secret, downwardAPI, projected) are written
 * anew when `refresh` is called and something in them changed; the rest are made once.
 */
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DownwardFile, KeyToPath, Pod, ProjectionSource, Volume } from "../client/index.ts";
import { writeFilesAtomically, type FileContent } from "./atomic-files.ts";
import { fieldValue, resourceValue, type PodAddresses } from "./downward.ts";
import type { ObjectReader } from "./environment.ts";

export interface VolumeSources extends ObjectReader {
  /** Where a bound claim's files are. Throws when it is not bound, or not to a folder. */
  claimFolder(namespace: string, claim: string): Promise<string>;
  serviceAccountToken(pod: Pod, audience: string | undefined, seconds: number): Promise<string>;
}

/** A volume cannot be set up now; the pod waits and it is tried again. */
export class MountError extends Error {}

interface Keys {
  readonly items?: KeyToPath[] | undefined;
  readonly optional?: boolean | undefined;
}

function project(
  files: Map<string, FileContent>,
  entries: Map<string, Buffer> | undefined,
  what: string,
  keys: Keys,
  mode: number,
): void {
  if (entries === undefined) {
    if (keys.optional === true) return;
    throw new MountError(`${what} not found`);
  }
  const wanted: KeyToPath[] = keys.items ?? [...entries.keys()].map((key) => ({ key, path: key }));
  for (const { key, path, mode: own } of wanted) {
    const data = entries.get(key);
    if (data !== undefined) files.set(path, { data, mode: own ?? mode });
    else if (keys.optional !== true) throw new MountError(`${what} has no key ${key}`);
  }
}

const base64 = (data: Record<string, string> | undefined): [string, Buffer][] =>
  Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64")]);

export interface VolumeContext {
  readonly pod: Pod;
  readonly addresses: PodAddresses;
  /** The folder that the pod's volumes are in. */
  readonly folder: string;
  readonly sources: VolumeSources;
}

async function projected(
  context: VolumeContext,
  sources: readonly ProjectionSource[],
  mode: number,
): Promise<Map<string, FileContent>> {
  const { pod, addresses } = context;
  const namespace = pod.metadata.namespace ?? "default";
  const files = new Map<string, FileContent>();
  for (const { configMap, secret, downwardAPI, serviceAccountToken } of sources) {
    if (configMap !== undefined) {
      const found = await context.sources.configMap(namespace, configMap.name ?? "");
      const texts = Object.entries(found?.data ?? {}).map(([key, value]): [string, Buffer] => [key, Buffer.from(value)]);
      project(files, found && new Map([...texts, ...base64(found.binaryData)]), `configmap "${configMap.name}"`, configMap, mode);
    }
    if (secret !== undefined) {
      const found = await context.sources.secret(namespace, secret.name ?? "");
      project(files, found && new Map(base64(found.data)), `secret "${secret.name}"`, secret, mode);
    }
    for (const item of downwardAPI?.items ?? [])
      files.set(item.path, { data: Buffer.from(downwardText(pod, addresses, item)), mode: item.mode ?? mode });
    if (serviceAccountToken !== undefined) {
      const { audience, expirationSeconds, path } = serviceAccountToken;
      const token = await context.sources.serviceAccountToken(pod, audience, expirationSeconds ?? 3600);
      files.set(path, { data: Buffer.from(token), mode: 0o600 });
    }
  }
  return files;
}

function downwardText(pod: Pod, addresses: PodAddresses, item: DownwardFile): string {
  if (item.fieldRef !== undefined) return fieldValue(pod, addresses, item.fieldRef);
  if (item.resourceFieldRef !== undefined) return resourceValue(pod, undefined, item.resourceFieldRef);
  throw new MountError(`downwardAPI file ${item.path} has neither fieldRef nor resourceFieldRef`);
}

/** The sources that make up a volume of files, or undefined for one that is a plain folder. */
function sourcesOf(volume: Volume): { sources: ProjectionSource[]; mode: number } | undefined {
  const { configMap, secret, downwardAPI, projected: many } = volume;
  if (configMap !== undefined) return { sources: [{ configMap }], mode: configMap.defaultMode ?? 0o644 };
  if (secret !== undefined)
    return { sources: [{ secret: { ...secret, name: secret.secretName ?? "" } }], mode: secret.defaultMode ?? 0o644 };
  if (downwardAPI !== undefined) return { sources: [{ downwardAPI }], mode: downwardAPI.defaultMode ?? 0o644 };
  if (many !== undefined) return { sources: many.sources ?? [], mode: many.defaultMode ?? 0o644 };
  return undefined;
}

function hostPath(path: string, type: string): string {
  const found = existsSync(path);
  if (!found && type === "DirectoryOrCreate") mkdirSync(path, { recursive: true, mode: 0o755 });
  else if (!found && type === "FileOrCreate") {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "", { mode: 0o644 });
  } else if (type === "Directory" && !(found && statSync(path).isDirectory()))
    throw new MountError(`hostPath type check failed: ${path} is not a directory`);
  else if (type === "File" && !(found && statSync(path).isFile()))
    throw new MountError(`hostPath type check failed: ${path} is not a file`);
  return path;
}

/** Where the volume is, after it was set up or brought up to date. Throws MountError and what the sources throw. */
export async function materialise(context: VolumeContext, volume: Volume): Promise<string> {
  const folder = join(context.folder, volume.name);
  const files = sourcesOf(volume);
  if (files !== undefined) {
    writeFilesAtomically(folder, await projected(context, files.sources, files.mode));
    return folder;
  }
  if (volume.hostPath !== undefined) return hostPath(volume.hostPath.path, volume.hostPath.type ?? "");
  if (volume.persistentVolumeClaim !== undefined) {
    return context.sources.claimFolder(context.pod.metadata.namespace ?? "default", volume.persistentVolumeClaim.claimName);
  }
  const kind = Object.keys(volume).find((key) => key !== "name");
  if (kind !== undefined && kind !== "emptyDir") throw new MountError(`volumes of kind ${kind} are not supported here`);
  mkdirSync(folder, { recursive: true, mode: 0o777 });
  return folder;
}

/** Does the volume follow objects that can change while the pod runs? */
export const isLive = (volume: Volume): boolean => sourcesOf(volume) !== undefined;
