// What the server says it has: /api, /apis, APIResourceLists, and aggregated discovery (apidiscovery.k8s.io/v2).
// Invariant: everything listed is served, everything served is listed.

import { createHash } from "node:crypto";
import type { Catalogue } from "../resources/catalogue.ts";
import type { Resource } from "../resources/resource.ts";
import type { JsonObject } from "../json.ts";

export interface Subresource {
  name: string;
  group: string;
  version: string;
  kind: string;
  verbs: string[];
}

export function subresourcesOf(resource: Resource): Subresource[] {
  const own = { group: "", version: "", kind: resource.kind };
  const found: Subresource[] = [];
  if (resource.bucket === "pods") {
    found.push({ name: "binding", group: "", version: "", kind: "Binding", verbs: ["create"] });
    found.push({ name: "eviction", group: "policy", version: "v1", kind: "Eviction", verbs: ["create"] });
    found.push({ name: "log", ...own, verbs: ["get"] });
  }
  if (resource.bucket === "namespaces") found.push({ name: "finalize", ...own, verbs: ["update"] });
  if (resource.scale)
    found.push({ name: "scale", group: "autoscaling", version: "v1", kind: "Scale", verbs: ["get", "patch", "update"] });
  if (resource.hasStatus) found.push({ name: "status", ...own, verbs: ["get", "patch", "update"] });
  return found;
}

/** Requests that are answered but not stored. */
const reviews = [
  { group: "authentication.k8s.io", kind: "SelfSubjectReview", plural: "selfsubjectreviews", singular: "selfsubjectreview" },
  {
    group: "authorization.k8s.io",
    kind: "SelfSubjectAccessReview",
    plural: "selfsubjectaccessreviews",
    singular: "selfsubjectaccessreview",
  },
  {
    group: "authorization.k8s.io",
    kind: "SelfSubjectRulesReview",
    plural: "selfsubjectrulesreviews",
    singular: "selfsubjectrulesreview",
  },
];

interface Version {
  group: string;
  version: string;
  resources: Resource[];
}

/** Versions by group, in the order in which they were added. */
function groupsOf(catalogue: Catalogue): Map<string, Map<string, Version>> {
  const groups = new Map<string, Map<string, Version>>();
  const at = (group: string, version: string): Version => {
    let versions = groups.get(group);
    if (!versions) groups.set(group, (versions = new Map()));
    let entry = versions.get(version);
    if (!entry) versions.set(version, (entry = { group, version, resources: [] }));
    return entry;
  };
  for (const resource of catalogue.all()) at(resource.group, resource.version).resources.push(resource);
  for (const review of reviews) at(review.group, "v1");
  return groups;
}

function names(resource: Resource): JsonObject {
  return {
    ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
    ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
  };
}

export function resourceList(catalogue: Catalogue, group: string, version: string): JsonObject | undefined {
  const entry = groupsOf(catalogue).get(group)?.get(version);
  if (!entry) return undefined;
  const resources: JsonObject[] = entry.resources.flatMap((resource) => [
    {
      name: resource.plural,
      singularName: resource.singular,
      namespaced: resource.namespaced,
      kind: resource.kind,
      verbs: [...resource.verbs],
      ...names(resource),
      storageVersionHash: createHash("sha256").update(`${resource.bucket}/${resource.storedAs}`).digest("base64").slice(0, 12),
    },
    ...subresourcesOf(resource).map((sub) => ({
      name: `${resource.plural}/${sub.name}`,
      singularName: "",
      namespaced: resource.namespaced,
      ...(sub.group ? { group: sub.group, version: sub.version } : {}),
      kind: sub.kind,
      verbs: sub.verbs,
    })),
  ]);
  for (const review of reviews.filter((one) => one.group === group)) {
    resources.push({ name: review.plural, singularName: review.singular, namespaced: false, kind: review.kind, verbs: ["create"] });
  }
  const groupVersion = group === "" ? version : `${group}/${version}`;
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources };
}

const isLegacy = (group: string): boolean => group === "";

export function apiVersions(url: string): JsonObject {
  return {
    kind: "APIVersions",
    versions: ["v1"],
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: new URL(url).host }],
  };
}

export function groupList(catalogue: Catalogue): JsonObject {
  const groups = [...groupsOf(catalogue)]
    .filter(([group]) => !isLegacy(group))
    .map(([group, versions]) => groupOf(group, versions));
  return { kind: "APIGroupList", apiVersion: "v1", groups };
}

function groupOf(group: string, versions: Map<string, Version>): JsonObject {
  const list = [...versions.keys()].map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: list, preferredVersion: list[0]! };
}

export function apiGroup(catalogue: Catalogue, group: string): JsonObject | undefined {
  const versions = groupsOf(catalogue).get(group);
  return versions && !isLegacy(group) ? { kind: "APIGroup", apiVersion: "v1", ...groupOf(group, versions) } : undefined;
}

export const aggregatedType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/** The whole of /api (`legacy`) or /apis in one document. */
export function aggregated(catalogue: Catalogue, legacy: boolean): JsonObject {
  const kindOf = (group: string, version: string, kind: string) => ({ group, version, kind });
  const items = [...groupsOf(catalogue)]
    .filter(([group]) => isLegacy(group) === legacy)
    .map(([group, versions]) => ({
      metadata: isLegacy(group) ? {} : { name: group },
      versions: [...versions.values()].map((entry) => ({
        version: entry.version,
        resources: [
          ...entry.resources.map((resource) => ({
            resource: resource.plural,
            responseKind: kindOf(resource.group, resource.version, resource.kind),
            scope: resource.namespaced ? "Namespaced" : "Cluster",
            singularResource: resource.singular,
            verbs: [...resource.verbs],
            ...names(resource),
            ...(subresourcesOf(resource).length > 0
              ? {
                  subresources: subresourcesOf(resource).map((sub) => ({
                    subresource: sub.name,
                    responseKind: kindOf(sub.group || resource.group, sub.version || resource.version, sub.kind),
                    verbs: sub.verbs,
                  })),
                }
              : {}),
          })),
          ...reviews
            .filter((review) => review.group === group)
            .map((review) => ({
              resource: review.plural,
              responseKind: kindOf(group, "v1", review.kind),
              scope: "Cluster",
              singularResource: review.singular,
              verbs: ["create"],
            })),
        ],
        freshness: "Current",
      })),
    }));
  return { kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2", metadata: {}, items };
}
