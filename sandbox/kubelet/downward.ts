/** The downward API: what a pod may learn about itself, for its environment and its files. */
import { freemem, totalmem, availableParallelism } from "node:os";
import type { Container, FieldSelector, Pod, ResourceFieldSelector } from "../client/index.ts";
import { parseQuantity } from "./quantity.ts";

export interface PodAddresses {
  readonly podIP: string;
  readonly hostIP: string;
}

const lines = (map: Record<string, string> | undefined): string =>
  Object.entries(map ?? {})
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join("\n");

/** Throws when there is no such field. */
export function fieldValue(pod: Pod, addresses: PodAddresses, selector: FieldSelector): string {
  const path = selector.fieldPath;
  const entry = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (entry !== null) return pod.metadata[entry[1] as "labels" | "annotations"]?.[entry[2] as string] ?? "";
  const fields: Record<string, string> = {
    "metadata.name": pod.metadata.name,
    "metadata.namespace": pod.metadata.namespace ?? "",
    "metadata.uid": pod.metadata.uid ?? "",
    "metadata.labels": lines(pod.metadata.labels),
    "metadata.annotations": lines(pod.metadata.annotations),
    "spec.nodeName": pod.spec.nodeName ?? "",
    "spec.serviceAccountName": pod.spec.serviceAccountName ?? "",
    "status.hostIP": addresses.hostIP,
    "status.hostIPs": addresses.hostIP,
    "status.podIP": addresses.podIP,
    "status.podIPs": addresses.podIP,
  };
  const value = fields[path];
  if (value === undefined) throw new Error(`unsupported fieldPath: ${path}`);
  return value;
}

/** A limit that is not set is what the node has. Values are rounded up to whole divisors. */
export function resourceValue(pod: Pod, container: Container | undefined, selector: ResourceFieldSelector): string {
  const named = selector.containerName;
  const of =
    named === undefined
      ? container
      : [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find(({ name }) => name === named);
  if (of === undefined) throw new Error(`container ${named ?? ""} not found`);
  const [kind, resource] = selector.resource.split(".") as ["limits" | "requests", string];
  const node: Record<string, number> = { cpu: availableParallelism(), memory: totalmem(), "ephemeral-storage": freemem() };
  const set = of.resources?.[kind]?.[resource];
  const value = set === undefined ? (kind === "limits" ? node[resource] : 0) : parseQuantity(set);
  if (value === undefined || Number.isNaN(value)) throw new Error(`unsupported container resource: ${selector.resource}`);
  const divisor = selector.divisor === undefined || selector.divisor === "0" ? 1 : parseQuantity(selector.divisor);
  return String(Math.ceil(value / divisor));
}
