/**
 * Values that a flow keeps, as JSON for people and for programs: what JSON has no words for is written in the nearest ones
 * (bigint and Date as text, Map as pairs, Set and typed arrays as lists, bytes as base64).
 */
export function toJson(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (value === undefined) return null;
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as Iterable<unknown>, toJson);
  if (Array.isArray(value) || value instanceof Set) return Array.from(value, toJson);
  if (value instanceof Map) return Array.from(value, ([key, entry]) => [toJson(key), toJson(entry)]);
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, toJson(entry)]));
}
