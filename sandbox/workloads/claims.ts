/**
 * Persistent volume claims without volumes: each is bound to a folder of its own, which goes with the claim. The name of the volume
 * it says it is bound to leads the kubelet there.
 */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { resources } from "../client/index.ts";
import { runController, type Controller, type ControllerContext } from "./controller.ts";
import type { PersistentVolumeClaim } from "./types.ts";

/** Also known to the kubelet: see its claims.ts. */
export const volumePrefix = "directory-";

export function startClaimController(context: ControllerContext, folder: string): Controller {
  const { client } = context;
  const claims = context.informer<PersistentVolumeClaim>(resources.persistentVolumeClaims);
  mkdirSync(folder, { recursive: true });

  // Claims that went while nobody looked, and those that go from now on.
  claims.onListed(() => {
    const alive = new Set(claims.list().map(({ metadata }) => metadata.uid));
    for (const name of readdirSync(folder)) if (!alive.has(name)) rmSync(join(folder, name), { recursive: true, force: true });
  });
  claims.onChange((current, previous) => {
    if (current === undefined && previous?.metadata.uid !== undefined)
      rmSync(join(folder, previous.metadata.uid), { recursive: true, force: true });
  });

  const reconcile = async (key: string): Promise<void> => {
    const claim = claims.byKey(key);
    if (claim === undefined || claim.status?.phase === "Bound" || claim.metadata.deletionTimestamp !== undefined) return;
    const { name, namespace, uid } = claim.metadata;
    mkdirSync(join(folder, uid as string), { recursive: true, mode: 0o777 });
    await client.merge(resources.persistentVolumeClaims, name, namespace, {
      metadata: { uid },
      spec: { volumeName: `${volumePrefix}${uid}` },
    });
    const status = {
      phase: "Bound",
      accessModes: claim.spec.accessModes ?? [],
      capacity: { storage: claim.spec.resources?.requests?.["storage"] ?? "1Gi" },
    };
    await client.merge(resources.persistentVolumeClaims, name, namespace, { status }, "status");
  };
  return runController(context, {
    name: "persistentvolume-binder",
    sources: [
      {
        resource: resources.persistentVolumeClaims,
        keys: (claim: PersistentVolumeClaim) => [`${claim.metadata.namespace}/${claim.metadata.name}`],
      },
    ],
    reconcile,
  });
}
