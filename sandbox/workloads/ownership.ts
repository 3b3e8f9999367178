/** Who owns whom: controller references and the keys they lead to. */
import { apiVersionOf } from "../client/resources.ts";
import type { KubernetesObject, OwnerReference, Resource } from "../client/index.ts";

export const controllerOf = (object: KubernetesObject): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find(({ controller }) => controller === true);

export const isOwnedBy = (object: KubernetesObject, owner: KubernetesObject): boolean =>
  controllerOf(object)?.uid === owner.metadata.uid;

export function ownerReference(resource: Resource, owner: KubernetesObject): OwnerReference {
  const { name, uid } = owner.metadata;
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    name,
    uid: uid as string,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** For a source of owned objects: the key of the owner of this kind. */
export const ownerKeys =
  (resource: Resource) =>
  (object: KubernetesObject): string[] => {
    const owner = controllerOf(object);
    return owner?.kind === resource.kind ? [`${object.metadata.namespace}/${owner.name}`] : [];
  };

/** An object with the kind that the API leaves out of lists and watches, as events need it. */
export const named = <T extends KubernetesObject>(resource: Resource, object: T): T => ({
  ...object,
  apiVersion: apiVersionOf(resource),
  kind: resource.kind,
});
