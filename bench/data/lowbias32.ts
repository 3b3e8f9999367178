/** The mix of bits from which the benchmarks draw keys; the same in every peer's program. Source: Wellons, "hash-prospector". */
export function lowbias32(i: number): number {
  let x = i;
  x ^= x >>> 16;
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}
