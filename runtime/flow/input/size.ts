/**
 * About how much memory records take. Queues are counted in records, which is cheap; what a record of this source weighs is looked at
 * once per batch, so that records of many kilobytes wait in smaller numbers.
 */

/** Deeper than this, and behind so many fields, nothing more is counted. */
const depthLimit = 3;
const fieldLimit = 64;

/** Bytes of one value, roughly. */
export function approximateBytes(value: unknown, depth = 0): number {
  if (typeof value === "string") return 16 + value.length;
  if (typeof value !== "object" || value === null) return 8;
  if (ArrayBuffer.isView(value)) return 64 + value.byteLength;
  if (depth === depthLimit) return 64;
  let bytes = 32;
  let fields = 0;
  for (const name in value) {
    if (++fields > fieldLimit) break;
    bytes += 8 + approximateBytes((value as Record<string, unknown>)[name], depth + 1);
  }
  // An array's or object's further fields are taken to be like those that were seen.
  const all = Array.isArray(value) ? value.length : fields;
  return fields > fieldLimit ? (bytes * all) / fieldLimit : bytes;
}

/** Of a batch: the first, the middle and the last of its records stand for all. */
export function bytesPerRecord(values: readonly unknown[]): number {
  const { length } = values;
  if (length === 0) return 0;
  return (approximateBytes(values[0]) + approximateBytes(values[length >> 1]) + approximateBytes(values[length - 1])) / 3;
}
