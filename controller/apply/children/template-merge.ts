/**
 * Lays a user's pod template over ours: objects field by field, lists of named things by their names, other lists whole; null
 * removes. What the operator relies on (see `pod-template.ts`) is laid on again afterwards.
 */
type Json = unknown;
type JsonObject = Record<string, Json>;

/** What identifies an entry of a list, by the field that holds the list. */
const mergeKeys: Record<string, string> = {
  containers: "name",
  initContainers: "name",
  ephemeralContainers: "name",
  volumes: "name",
  env: "name",
  imagePullSecrets: "name",
  volumeMounts: "mountPath",
  volumeDevices: "devicePath",
  ports: "containerPort",
  hostAliases: "ip",
};
/** Lists that a user adds to. */
const appended = new Set(["envFrom", "tolerations"]);

export function mergeTemplate(base: JsonObject, over: JsonObject): JsonObject {
  return mergeObjects(base, over);
}

function mergeObjects(base: JsonObject, over: JsonObject): JsonObject {
  const merged: JsonObject = { ...base };
  for (const [field, value] of Object.entries(over)) {
    if (value === null) delete merged[field];
    else merged[field] = mergeValues(field, base[field], value);
  }
  return merged;
}

function mergeValues(field: string, base: Json, over: Json): Json {
  if (isObject(base) && isObject(over)) return field === "resources" ? mergeResources(base, over) : mergeObjects(base, over);
  if (!Array.isArray(base) || !Array.isArray(over)) return over;
  if (appended.has(field)) return [...(base as Json[]), ...(over as Json[])];
  const key = mergeKeys[field];
  return key === undefined ? over : mergeLists(base as Json[], over as Json[], key);
}

function mergeLists(base: readonly Json[], over: readonly Json[], key: string): Json[] {
  const merged = [...base];
  for (const entry of over) {
    const at = isObject(entry) ? merged.findIndex((other) => isObject(other) && other[key] === entry[key]) : -1;
    const before = merged[at];
    if (isObject(entry) && isObject(before)) merged[at] = replacesWhole(key, entry) ? entry : mergeObjects(before, entry);
    else merged.push(entry);
  }
  return merged;
}

/** A variable or volume of our name takes the user's source instead of ours, never both. */
function replacesWhole(key: string, entry: JsonObject): boolean {
  return key === "mountPath" || "value" in entry || "valueFrom" in entry;
}

/** Our default request must not exceed a limit that the user sets. */
function mergeResources(base: JsonObject, over: JsonObject): JsonObject {
  const merged = mergeObjects(base, over);
  const limits = over.limits;
  const requests = over.requests;
  if (!isObject(limits) || !isObject(merged.requests)) return merged;
  const kept = { ...merged.requests };
  for (const resource of Object.keys(limits)) if (!isObject(requests) || !(resource in requests)) delete kept[resource];
  return { ...merged, requests: kept };
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
