/** A StatefulSet's past and present pod templates, kept as ControllerRevisions so that a pod below a partition can be made again as it was. */
import { isAlreadyExists, resources, type Client, type PodTemplate } from "../../client/index.ts";
import { isOwnedBy, ownerReference } from "../ownership.ts";
import { canonicalText, templateHash } from "../template-hash.ts";
import type { ControllerRevision, StatefulSet } from "../types.ts";

const templateOf = (set: StatefulSet): PodTemplate => set.spec.template;

/** Makes sure the present template has its revision, and that this one has the highest number. `own` are the set's, in no order. */
export async function ensureRevision(
  client: Client,
  set: StatefulSet,
  all: readonly ControllerRevision[],
): Promise<ControllerRevision> {
  const own = all.filter((revision) => isOwnedBy(revision, set));
  const newest = own.reduce((highest, { revision }) => Math.max(highest, revision), 0);
  const text = canonicalText(templateOf(set));
  const same = own.find(({ data }) => canonicalText(data.spec.template) === text);
  if (same !== undefined) {
    if (same.revision === newest) return same;
    // Back to an earlier template: it becomes the newest again.
    return client.merge(resources.controllerRevisions, same.metadata.name, same.metadata.namespace, { revision: newest + 1 });
  }
  const hash = templateHash(templateOf(set));
  const revision: ControllerRevision = {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: `${set.metadata.name}-${hash}`,
      namespace: set.metadata.namespace ?? "default",
      labels: { ...set.spec.template.metadata?.labels, "controller.kubernetes.io/hash": hash },
      ownerReferences: [ownerReference(resources.statefulSets, set)],
    },
    data: { spec: { template: templateOf(set) } },
    revision: newest + 1,
  };
  try {
    return await client.create(resources.controllerRevisions, revision);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const there = await client.get<ControllerRevision>(
      resources.controllerRevisions,
      revision.metadata.name,
      revision.metadata.namespace,
    );
    if (!isOwnedBy(there, set)) throw error;
    return there;
  }
}

/** Removes the oldest revisions that neither the set nor a pod uses, down to the limit. */
export async function pruneRevisions(
  client: Client,
  set: StatefulSet,
  all: readonly ControllerRevision[],
  used: ReadonlySet<string>,
): Promise<void> {
  const unused = all
    .filter((revision) => isOwnedBy(revision, set) && !used.has(revision.metadata.name))
    .toSorted((a, b) => a.revision - b.revision);
  const surplus = Math.max(0, unused.length - (set.spec.revisionHistoryLimit ?? 10));
  for (const { metadata } of unused.slice(0, surplus))
    await client.delete(resources.controllerRevisions, metadata.name, metadata.namespace);
}
