// metadata of every object: what the server fills in, and what it refuses (apimachinery's ValidateObjectMeta).

import { randomUUID } from "node:crypto";
import { invalidValue, required, tooLong } from "../errors/field-error.ts";
import type { Cause } from "../errors/status.ts";
import type { KubeObject, ObjectMeta } from "../json.ts";
import {
  labelName,
  labelValue,
  pathSegmentName,
  qualifiedName,
  serviceName,
  subdomainName,
  type NameRule,
} from "../resources/names.ts";
import type { Resource } from "../resources/resource.ts";

const suffixCharacters = "bcdfghjklmnpqrstvwxz2456789";
const standardFinalizers = ["orphan", "foregroundDeletion", "kubernetes"];
const annotationsLimit = 256 * 1024;

export function timestamp(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

export function generatedName(prefix: string): string {
  let suffix = "";
  for (let i = 0; i < 5; i++) suffix += suffixCharacters[Math.floor(Math.random() * suffixCharacters.length)];
  return prefix.slice(0, 58) + suffix;
}

/** What a new object gets and what its creator may not say. */
export function fillForCreate(object: KubeObject, now: number): void {
  const metadata = object.metadata;
  if (!metadata.name && metadata.generateName) metadata.name = generatedName(metadata.generateName);
  metadata.uid = randomUUID();
  metadata.creationTimestamp = timestamp(now);
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.selfLink;
  delete metadata.generation;
}

/** Empty maps and lists of metadata are the same as none. */
export function dropEmptyMetadata(metadata: ObjectMeta): void {
  for (const key of [
    "labels",
    "annotations",
    "finalizers",
    "ownerReferences",
    "generateName",
    "namespace",
    "resourceVersion",
    "uid",
  ] as const) {
    const value = metadata[key];
    if (value === "" || value === null || (typeof value === "object" && Object.keys(value).length === 0)) delete metadata[key];
  }
}

function nameRule(resource: Resource): NameRule {
  if (resource.group === "rbac.authorization.k8s.io") return pathSegmentName;
  if (resource.bucket === "namespaces") return labelName;
  if (resource.bucket === "services") return serviceName;
  return subdomainName;
}

export function validateMetadata(resource: Resource, metadata: ObjectMeta): Cause[] {
  const causes: Cause[] = [];
  const rule = nameRule(resource);
  if (!metadata.name) causes.push(required("metadata.name", "name or generateName is required"));
  else causes.push(...rule(metadata.name).map((error) => invalidValue("metadata.name", metadata.name, error)));
  causes.push(...validateLabels("metadata.labels", metadata.labels));
  let size = 0;
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    causes.push(...qualifiedName(key.toLowerCase()).map((error) => invalidValue("metadata.annotations", key, error)));
    size += key.length + String(value).length;
  }
  if (size > annotationsLimit) causes.push(tooLong("metadata.annotations", annotationsLimit));
  for (const [index, finalizer] of (metadata.finalizers ?? []).entries()) {
    causes.push(...qualifiedName(finalizer).map((error) => invalidValue("metadata.finalizers", finalizer, error)));
    if (
      !resource.custom &&
      resource.group !== "apiextensions.k8s.io" &&
      !finalizer.includes("/") &&
      !standardFinalizers.includes(finalizer)
    ) {
      const why = "name is neither a standard finalizer name nor is it fully qualified";
      causes.push(invalidValue(`metadata.finalizers[${index}]`, finalizer, why));
    }
  }
  for (const owner of metadata.ownerReferences ?? []) {
    for (const field of ["apiVersion", "kind", "name", "uid"] as const) {
      if (!owner[field])
        causes.push(
          invalidValue(
            `metadata.ownerReferences.${field}`,
            owner[field] ?? "",
            field === "apiVersion" ? "version must not be empty" : "must not be empty",
          ),
        );
    }
  }
  const controllers = (metadata.ownerReferences ?? []).filter((owner) => owner.controller === true);
  if (controllers.length > 1) {
    const names = controllers.map((owner) => `${owner.kind}/${owner.name}`);
    causes.push(
      invalidValue(
        "metadata.ownerReferences",
        metadata.ownerReferences,
        `Only one reference can have Controller set to true. Found "true" in references for ${names[0]} and ${names[1]}`,
      ),
    );
  }
  return causes;
}

export function validateLabels(field: string, labels: Record<string, string> | undefined): Cause[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...qualifiedName(key).map((error) => invalidValue(field, key, error)),
    ...labelValue(String(value)).map((error) => invalidValue(field, value, error)),
  ]);
}

export function validateMetadataUpdate(metadata: ObjectMeta, old: ObjectMeta): Cause[] {
  const causes: Cause[] = [];
  if (old.deletionTimestamp !== undefined) {
    const added = (metadata.finalizers ?? []).filter((finalizer) => !(old.finalizers ?? []).includes(finalizer));
    if (added.length > 0) {
      causes.push({
        reason: "FieldValueForbidden",
        message: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((x) => JSON.stringify(x)).join(", ")}}`,
        field: "metadata.finalizers",
      });
    }
  }
  return causes;
}
