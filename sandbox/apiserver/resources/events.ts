// Events have two faces, core/v1 and events.k8s.io/v1, and one store. Invariant: stored as core/v1; the conversion loses nothing.

import type { KubeObject } from "../json.ts";

/** core/v1 field → events.k8s.io/v1 field; all others have the same name in both. */
const names: [string, string][] = [
  ["involvedObject", "regarding"],
  ["message", "note"],
  ["source", "deprecatedSource"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["count", "deprecatedCount"],
  ["reportingComponent", "reportingController"],
];

function renamed(object: KubeObject, apiVersion: string, table: Map<string, string>): KubeObject {
  const out: KubeObject = { apiVersion, kind: object.kind, metadata: object.metadata };
  for (const [key, value] of Object.entries(object)) {
    // Fields that one face always has and the other only when they say something.
    if (!(key in out) && value !== "") out[table.get(key) ?? key] = value;
  }
  return out;
}

const newer = new Map(names);
const older = new Map(names.map(([core, events]) => [events, core]));

export const eventConversions = {
  fromStored: (object: KubeObject): KubeObject => renamed(object, "events.k8s.io/v1", newer),
  toStored: (object: KubeObject): KubeObject => renamed(object, "v1", older),
};
