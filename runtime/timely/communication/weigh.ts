/**
 * What a message to oneself counts against one's credit: it is never encoded, so its bytes are guessed from its first
 * record. Only the order of magnitude matters; the same number is given back.
 */
const deepest = 4;

export function weigh(records: readonly unknown[]): number {
  return 16 + records.length * weightOf(records[0], 0);
}

function weightOf(value: unknown, depth: number): number {
  if (typeof value === "string") return 8 + value.length;
  if (typeof value !== "object" || value === null || depth === deepest) return 8;
  if (Array.isArray(value)) {
    if (value.length > 16) return 16 + value.length * weightOf(value[0], depth + 1);
    let weight = 16;
    for (let i = 0; i < value.length; i++) weight += weightOf(value[i], depth + 1);
    return weight;
  }
  if (ArrayBuffer.isView(value)) return 16 + value.byteLength;
  let weight = 16;
  for (const name in value) weight += weightOf((value as Record<string, unknown>)[name], depth + 1);
  return weight;
}
