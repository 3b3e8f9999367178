/** Kubernetes quantities (`500m`, `64Mi`, `1e3`) as plain numbers; cores and bytes. */
const factors: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 0.001,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** NaN when the text is not a quantity. */
export function parseQuantity(quantity: string): number {
  const match = /^([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/.exec(quantity);
  return match === null ? Number.NaN : Number(match[1]) * (factors[match[2] ?? ""] ?? Number.NaN);
}
