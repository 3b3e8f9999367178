/**
 * Which partition a record goes to: by murmur2 of its key, as Kafka's Java clients choose, so that a key is in the same partition
 * whoever writes it. Records without a key stay in one partition until its batch is full and then move on to the next.
 */
export function murmur2(data: Uint8Array): number {
  const m = 0x5bd1e995;
  let h = 0x9747b28c ^ data.length;
  const whole = data.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    let k = data[i]! | (data[i + 1]! << 8) | (data[i + 2]! << 16) | (data[i + 3]! << 24);
    k = Math.imul(k, m);
    k ^= k >>> 24;
    h = Math.imul(h, m) ^ Math.imul(k, m);
  }
  const rest = data.length - whole;
  if (rest > 0) {
    if (rest > 2) h ^= data[whole + 2]! << 16;
    if (rest > 1) h ^= data[whole + 1]! << 8;
    h = Math.imul(h ^ data[whole]!, m);
  }
  h = Math.imul(h ^ (h >>> 13), m);
  return h ^ (h >>> 15);
}

export function partitionOfKey(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions;
}
