/**
 * What the hook in pods' processes reads to find names and ports:
 *
 *     network/hosts.json              services and their pods, as DNS would answer
 *     network/listeners/<ip>_<port>   {"host","port","pid"}: where a pod's port really is; written by the hook itself
 *
 * Invariant: hosts.json is replaced by rename, so a reader sees one whole version.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { keyOf, matchesLabels, targetPort, type Pod, type Service } from "../client/index.ts";
import type { NetworkMode } from "./options.ts";

export interface HostsTable {
  /** By `namespace/service`. */
  services: Record<
    string,
    { addresses: string[]; pods: Record<string, string>; ports?: Record<string, number>; externalName?: string }
  >;
}

/** A pod as the table needs it: with its address, and whether it is ready. */
export interface Endpoint {
  readonly pod: Pod;
  readonly address: string;
  readonly ready: boolean;
}

/** Answers as cluster DNS does: names of ready pods only, unless the service publishes the others too. */
export function hostsTable(services: readonly Service[], endpoints: readonly Endpoint[]): HostsTable {
  const table: HostsTable = { services: {} };
  for (const service of services) {
    const { selector, clusterIP, publishNotReadyAddresses, ports, externalName } = service.spec;
    const namespace = service.metadata.namespace;
    const entry: HostsTable["services"][string] = { addresses: [], pods: {} };
    table.services[keyOf(service)] = entry;
    if (externalName !== undefined) entry.externalName = externalName;
    if (selector === undefined) continue;
    for (const { pod, address, ready } of endpoints) {
      if (pod.metadata.namespace !== namespace || !matchesLabels(selector, pod.metadata.labels)) continue;
      if (!ready && publishNotReadyAddresses !== true) continue;
      entry.addresses.push(address);
      if (pod.spec.hostname !== undefined && pod.spec.subdomain === service.metadata.name) entry.pods[pod.spec.hostname] = address;
      // A headless service has no ports of its own: who connects names the pod's.
      if (clusterIP === "None") continue;
      for (const { port, targetPort: target } of ports ?? []) {
        const at = targetPort(pod, target, port);
        if (at !== undefined && at !== port) (entry.ports ??= {})[String(port)] = at;
      }
    }
  }
  return table;
}

export interface NetworkTable {
  readonly directory: string;
  write(table: HostsTable): void;
  /** Where to connect to reach a pod's port from outside the pods. */
  locate(address: string, port: number): { host: string; port: number };
  /** Forgets the listeners of a pod's processes that ended. */
  forget(address: string): void;
}

export function openNetworkTable(directory: string, mode: NetworkMode): NetworkTable {
  const listeners = join(directory, "listeners");
  mkdirSync(listeners, { recursive: true });
  let written = "";
  return {
    directory,
    write(table) {
      const text = JSON.stringify(table);
      if (text === written) return;
      const file = join(directory, "hosts.json");
      writeFileSync(`${file}.new`, text);
      renameSync(`${file}.new`, file);
      written = text;
    },
    locate(address, port) {
      if (mode === "addresses") return { host: address, port };
      try {
        return JSON.parse(readFileSync(join(listeners, `${address}_${port}`), "utf8")) as { host: string; port: number };
      } catch {
        // Nobody listens. Nobody can on port 0, so that whoever connects is refused, as the pod would.
        return { host: "127.0.0.1", port: 0 };
      }
    },
    forget(address) {
      for (const name of readdirSync(listeners)) if (name.startsWith(`${address}_`)) rmSync(join(listeners, name), { force: true });
    },
  };
}
