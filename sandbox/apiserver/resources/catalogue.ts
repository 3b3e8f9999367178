// Which kinds exist now: the built-in ones and those that custom resource definitions add and take away.
// Invariant: `revision` changes with every change of the set, so that documents made from it can be cached by it.

import { builtinColumns } from "../table/columns.ts";
import { builtinKinds, schemaNameOf, type BuiltinKind } from "./builtin.ts";
import { eventConversions } from "./events.ts";
import { apiVersionOf, type Column, type Resource } from "./resource.ts";
import { resolve } from "../schema/schema.ts";
import { selectableFieldsOf } from "./selectable-fields.ts";
import { strategyOf } from "./strategies.ts";

export interface Catalogue {
  find(group: string, version: string, plural: string): Resource | undefined;
  findKind(apiVersion: string, kind: string): Resource | undefined;
  all(): Resource[];
  /** Adds or replaces the kinds of one definition (by its name); an empty list takes them away. */
  setCustom(definition: string, resources: Resource[]): void;
  revision(): number;
}

export const allVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"] as const;

const generationless = new Set([
  "ConfigMap",
  "Secret",
  "Event",
  "Namespace",
  "Node",
  "ServiceAccount",
  "Service",
  "Endpoints",
  "ControllerRevision",
  "Lease",
  "PersistentVolumeClaim",
]);
const ungenerated = (kind: string, group: string): boolean => generationless.has(kind) || group === "rbac.authorization.k8s.io";

/** Tables of events are made from their stored form, whichever face is asked for. */
function columnsOf(kind: BuiltinKind): Column[] | undefined {
  const columns = builtinColumns(kind.kind);
  if (kind.group !== "events.k8s.io") return columns;
  return columns?.map((column) => ({ ...column, cell: (object, now) => column.cell(eventConversions.toStored(object), now) }));
}

function builtinResources(): Resource[] {
  return builtinKinds.map((kind) => {
    const schemaName = schemaNameOf(kind);
    const bucket = kind.kind === "Event" ? "events" : kind.group === "" ? kind.plural : `${kind.group}/${kind.plural}`;
    return {
      group: kind.group,
      version: kind.version,
      kind: kind.kind,
      listKind: `${kind.kind}List`,
      plural: kind.plural,
      singular: kind.singular ?? kind.kind.toLowerCase(),
      shortNames: kind.short ?? [],
      categories: kind.categories ?? [],
      namespaced: kind.namespaced,
      verbs: kind.kind === "Namespace" ? allVerbs.filter((verb) => verb !== "deletecollection") : allVerbs,
      bucket,
      storedAs: kind.kind === "Event" ? "v1" : apiVersionOf(kind),
      custom: false,
      hasStatus: kind.status === true,
      ...(kind.scale
        ? { scale: { specReplicas: ["spec", "replicas"], statusReplicas: ["status", "replicas"], selector: ["spec", "selector"] } }
        : {}),
      schema: resolve({ $ref: `#/components/schemas/${schemaName}` }),
      schemaName,
      strategy: strategyOf(kind.group, kind.kind),
      columns: columnsOf(kind),
      selectableFields: selectableFieldsOf(kind.group, kind.kind),
      ...(kind.group === "events.k8s.io" ? eventConversions : {}),
      ...(kind.deprecated ? { deprecated: kind.deprecated } : {}),
      countsGenerations: !ungenerated(kind.kind, kind.group),
    };
  });
}

export function createCatalogue(): Catalogue {
  const builtin = builtinResources();
  const custom = new Map<string, Resource[]>();
  let byPath = new Map<string, Resource>();
  let byKind = new Map<string, Resource>();
  let revision = 0;

  function index(): void {
    byPath = new Map();
    byKind = new Map();
    for (const resource of all()) {
      byPath.set(`${resource.group}/${resource.version}/${resource.plural}`, resource);
      byKind.set(`${apiVersionOf(resource)}/${resource.kind}`, resource);
    }
    revision++;
  }

  const all = (): Resource[] => [...builtin, ...[...custom.values()].flat()];
  index();
  return {
    find: (group, version, plural) => byPath.get(`${group}/${version}/${plural}`),
    findKind: (apiVersion, kind) => byKind.get(`${apiVersion}/${kind}`),
    all,
    setCustom(definition, resources) {
      if (resources.length > 0) custom.set(definition, resources);
      else custom.delete(definition);
      index();
    },
    revision: () => revision,
  };
}
