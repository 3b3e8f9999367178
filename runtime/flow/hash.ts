/**
 * The hash that routes keys: MurmurHash3 (Austin Appleby's x86_32, seed 0) over the key's UTF-16LE code units. Its name and
 * the number of partitions are written in the manifest: they must never change for a store.
 *
 * Two code units make one 32-bit block, so no byte array is needed: block = low | high << 16.
 */
export const hashName = "murmur3-32/utf-16le";

/** An unsigned 32-bit number. */
export function murmur3(key: string): number {
  const units = key.length;
  const even = units & ~1;
  let h = 0;
  for (let i = 0; i < even; i += 2) {
    let k = key.charCodeAt(i) | (key.charCodeAt(i + 1) << 16);
    k = Math.imul(k, 0xcc9e2d51);
    k = (k << 15) | (k >>> 17);
    h ^= Math.imul(k, 0x1b873593);
    h = (h << 13) | (h >>> 19);
    h = (Math.imul(h, 5) + 0xe6546b64) | 0;
  }
  if (even !== units) {
    let k = Math.imul(key.charCodeAt(even), 0xcc9e2d51);
    k = (k << 15) | (k >>> 17);
    h ^= Math.imul(k, 0x1b873593);
  }
  h ^= units << 1;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The partition that a key belongs to, of a store with `partitions` of them. */
export function partitionOf(key: string, partitions: number): number {
  return murmur3(key) % partitions;
}
