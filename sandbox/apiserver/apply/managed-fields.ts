// metadata.managedFields read into sets per manager and written back.
// Invariant: managers are told apart as the real server does: by name, operation, subresource and, for updates, version.

import type { ManagedFieldsEntry } from "../json.ts";
import { badRequest } from "../errors/status.ts";
import { fromFieldsV1, isEmpty, toFieldsV1, type FieldSet } from "./field-set.ts";

export interface Manager {
  manager: string;
  operation: "Apply" | "Update";
  apiVersion: string;
  subresource: string;
  time: string | undefined;
  fields: FieldSet;
}

export type Managers = Map<string, Manager>;

export function managerKey(of: Pick<Manager, "manager" | "operation" | "apiVersion" | "subresource">): string {
  return JSON.stringify([of.manager, of.operation, of.operation === "Apply" ? "" : of.apiVersion, of.subresource]);
}

export function readManagers(entries: readonly ManagedFieldsEntry[] | undefined): Managers {
  const managers: Managers = new Map();
  for (const entry of entries ?? []) {
    if (entry.operation !== "Apply" && entry.operation !== "Update") {
      throw badRequest(`metadata.managedFields: invalid operation ${JSON.stringify(entry.operation ?? "")}`);
    }
    let fields: FieldSet;
    try {
      fields = fromFieldsV1(entry.fieldsV1 ?? {});
    } catch (error) {
      throw badRequest(`metadata.managedFields: ${(error as Error).message}`);
    }
    const manager: Manager = {
      manager: entry.manager ?? "",
      operation: entry.operation,
      apiVersion: entry.apiVersion ?? "",
      subresource: entry.subresource ?? "",
      time: entry.time,
      fields,
    };
    managers.set(managerKey(manager), manager);
  }
  return managers;
}

export function writeManagers(managers: Managers): ManagedFieldsEntry[] {
  const order = (a: string | undefined, b: string | undefined): number =>
    (a ?? "") < (b ?? "") ? -1 : (a ?? "") > (b ?? "") ? 1 : 0;
  return [...managers.values()]
    .filter((manager) => !isEmpty(manager.fields))
    .sort(
      (a, b) =>
        order(a.operation, b.operation) ||
        order(a.time, b.time) ||
        order(a.manager, b.manager) ||
        order(a.apiVersion, b.apiVersion) ||
        order(a.subresource, b.subresource),
    )
    .map((manager) => ({
      apiVersion: manager.apiVersion,
      fieldsType: "FieldsV1",
      fieldsV1: toFieldsV1(manager.fields),
      manager: manager.manager,
      operation: manager.operation,
      ...(manager.subresource === "" ? {} : { subresource: manager.subresource }),
      ...(manager.time === undefined ? {} : { time: manager.time }),
    }));
}
