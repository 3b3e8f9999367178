// What one kind of object is to this server: its names, its schema, and what its strategy does before something is stored.
// Invariant: built-in kinds and custom ones are the same type; only the catalogue knows where one came from.

import type { Cause } from "../errors/status.ts";
import type { Json, JsonObject, KubeObject } from "../json.ts";
import type { Schema } from "../schema/schema.ts";

export interface Column {
  name: string;
  type: string;
  format?: string;
  description?: string;
  /** 0 is always shown; more only with `-o wide`. */
  priority?: number;
  cell: (object: KubeObject, now: number) => Json | undefined;
}

export interface Strategy {
  /** Fields that are null, and not absent, when nobody set them. */
  nulls?: string[];
  /** Fills in what the real server's defaulting functions do (schema defaults are applied before). */
  defaults?: (object: KubeObject) => void;
  /** Resets or computes fields before a create; `old` is undefined. */
  prepareForCreate?: (object: KubeObject) => void;
  prepareForUpdate?: (object: KubeObject, old: KubeObject) => void;
  validate?: (object: KubeObject) => Cause[];
  validateUpdate?: (object: KubeObject, old: KubeObject) => Cause[];
  /** Seconds an object lives on after a delete so that somebody can end it; undefined = removed at once. */
  gracePeriod?: (object: KubeObject, asked: number | undefined) => number;
  /** Finalizers that a deletion adds, for work that must be done before the object goes. */
  deletionFinalizers?: string[];
  /** True when a PUT on a name that does not exist creates it. */
  createOnUpdate?: boolean;
  /** True when a delete answers with the object and not with a Status. */
  returnsDeleted?: boolean;
}

export interface ScalePaths {
  specReplicas: string[];
  statusReplicas: string[];
  /** Where status or spec holds the selector: a string (custom kinds) or a LabelSelector (built-in). */
  selector?: string[];
}

export interface Resource {
  group: string;
  version: string;
  kind: string;
  listKind: string;
  plural: string;
  singular: string;
  shortNames: string[];
  categories: string[];
  namespaced: boolean;
  verbs: readonly string[];
  /** Where the objects are stored; versions of a kind (and both Events) share one. */
  bucket: string;
  /** The apiVersion under which they are stored. */
  storedAs: string;
  custom: boolean;
  hasStatus: boolean;
  scale?: ScalePaths;
  schema: Schema;
  /** The name of the schema in OpenAPI documents. */
  schemaName: string;
  strategy: Strategy;
  columns: Column[] | undefined;
  /** Fields besides metadata.name and metadata.namespace that a fieldSelector may name. */
  selectableFields: Record<string, (object: KubeObject) => string>;
  /** What clients of this kind are warned of. */
  deprecated?: string;
  /** From the stored form to this version's, and back. */
  fromStored?: (object: KubeObject) => KubeObject;
  toStored?: (object: KubeObject) => KubeObject;
  /** True when metadata.generation counts changes. */
  countsGenerations: boolean;
}

export function apiVersionOf(of: { group: string; version: string }): string {
  return of.group === "" ? of.version : `${of.group}/${of.version}`;
}

export function groupResource(of: Resource): { group: string; resource: string } {
  return { group: of.group, resource: of.plural };
}

/** The value at a path of plain member names. */
export function valueAt(object: JsonObject, path: readonly string[]): Json | undefined {
  let value: Json | undefined = object;
  for (const step of path) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    value = value[step];
  }
  return value;
}
