/** Persistent volume claims: a claim bound to a volume that is a folder of this machine (`local` or `hostPath`) is that folder. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { isNotFound, resources, type Client, type KubernetesObject } from "../client/index.ts";
import { MountError } from "./volumes.ts";

interface Claim extends KubernetesObject {
  spec: { volumeName?: string };
  status?: { phase?: string };
}

interface PersistentVolume extends KubernetesObject {
  spec: { local?: { path: string }; hostPath?: { path: string } };
}

/** Throws MountError when the claim is missing, not bound, or bound to another kind of volume. */
export async function claimFolder(client: Client, namespace: string, name: string, claimsFolder?: string): Promise<string> {
  const missing = (error: unknown): never => {
    if (isNotFound(error)) throw new MountError(`persistentvolumeclaim "${name}" not found`);
    throw error;
  };
  const claim = await client.get<Claim>(resources.persistentVolumeClaims, name, namespace).catch(missing);
  if (claim.status?.phase !== "Bound" || !claim.spec.volumeName)
    throw new MountError(`persistentvolumeclaim "${name}" is not bound`);
  // The sandbox binds claims to folders of its own, without volumes: see the claim controller of its workloads.
  const own = /^directory-([\w-]+)$/.exec(claim.spec.volumeName)?.[1];
  if (own !== undefined && claimsFolder !== undefined) return join(claimsFolder, own);
  const volume = await client.get<PersistentVolume>(resources.persistentVolumes, claim.spec.volumeName);
  const path = volume.spec.local?.path ?? volume.spec.hostPath?.path;
  if (path === undefined) throw new MountError(`persistentvolume "${claim.spec.volumeName}" is not a folder of this machine`);
  mkdirSync(path, { recursive: true });
  return path;
}
