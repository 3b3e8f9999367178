// Tables (meta.k8s.io Table): the rows that `kubectl get` prints, made by the server.

import type { Json, JsonObject, KubeObject } from "../json.ts";
import type { Column, Resource } from "../resources/resource.ts";
import { age } from "./age.ts";
import { partialMetadata } from "./partial.ts";

export interface TableOptions {
  includeObject: string;
  headers: boolean;
  now: number;
  metadata: JsonObject;
  version: string;
}

const nameDescription =
  "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the " +
  "generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. " +
  "Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";

const nameColumn: Column = {
  name: "Name",
  type: "string",
  format: "name",
  description: nameDescription,
  cell: (object) => object.metadata.name,
};

/** What kinds without columns of their own show. */
const plain: Column[] = [{ name: "Age", type: "date", cell: (object, now) => age(object.metadata.creationTimestamp, now) }];

export function tableOf(resource: Resource, items: KubeObject[], options: TableOptions): JsonObject {
  const own = resource.columns ?? plain;
  // Events have their name last, and in wide tables only.
  const columns = own.some((column) => column.format === "name") ? own : [nameColumn, ...own];
  const definitions: JsonObject[] = columns.map(({ name, type, format = "", description = "", priority = 0 }) => ({
    name,
    type,
    format,
    description,
    priority,
  }));
  const rows = items.map((object): JsonObject => {
    const cells = columns.map((column): Json => column.cell(object, options.now) ?? null);
    if (options.includeObject === "None") return { cells, object: null };
    return { cells, object: options.includeObject === "Object" ? object : partialMetadata(object, options.version) };
  });
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${options.version}`,
    metadata: options.metadata,
    columnDefinitions: options.headers ? definitions : [],
    rows,
  };
}
