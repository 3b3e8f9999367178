// Kubernetes quantities ("500m", "1Gi", "2e3"): exact arithmetic and the canonical form the API server stores.
// Invariant: a quantity is an integer number of nano-units; what does not parse is undefined.

const binary: Record<string, bigint> = {
  Ki: 1024n,
  Mi: 1024n ** 2n,
  Gi: 1024n ** 3n,
  Ti: 1024n ** 4n,
  Pi: 1024n ** 5n,
  Ei: 1024n ** 6n,
};
const nano = 1_000_000_000n;
/** In nano-units. */
const decimal: Record<string, bigint> = {
  n: 1n,
  u: 1000n,
  m: 1_000_000n,
  "": nano,
  k: nano * 10n ** 3n,
  M: nano * 10n ** 6n,
  G: nano * 10n ** 9n,
  T: nano * 10n ** 12n,
  P: nano * 10n ** 15n,
  E: nano * 10n ** 18n,
};

export interface Quantity {
  nanos: bigint;
  format: "binary" | "decimal" | "exponent";
}

const pattern = /^([+-]?)([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?[0-9]+)?$/;

export function parseQuantity(text: string): Quantity | undefined {
  const match = pattern.exec(text);
  if (!match) return undefined;
  const [, sign, digits = "", suffix = ""] = match;
  const [whole = "", fraction = ""] = digits.split(".");
  let scale = decimal[suffix] ?? 0n;
  let format: Quantity["format"] = "decimal";
  if (binary[suffix]) {
    scale = binary[suffix] * nano;
    format = "binary";
  } else if (/^[eE]./.test(suffix)) {
    const exponent = Number(suffix.slice(1));
    if (Math.abs(exponent) > 18) return undefined;
    scale = exponent >= -9 ? 10n ** BigInt(exponent + 9) : 1n;
    format = "exponent";
  }
  const numerator = BigInt(`${whole}${fraction}` || "0") * scale;
  const divisor = 10n ** BigInt(fraction.length);
  // Finer than a nano-unit is rounded away from zero.
  const nanos = (numerator + divisor - 1n) / divisor;
  return { nanos: sign === "-" ? -nanos : nanos, format };
}

function decimalText(nanos: bigint, exponent: boolean): string {
  const steps: [string, bigint, number][] = [
    ["E", decimal.E!, 18],
    ["P", decimal.P!, 15],
    ["T", decimal.T!, 12],
    ["G", decimal.G!, 9],
    ["M", decimal.M!, 6],
    ["k", decimal.k!, 3],
    ["", decimal[""]!, 0],
    ["m", decimal.m!, -3],
    ["u", decimal.u!, -6],
    ["n", 1n, -9],
  ];
  for (const [suffix, unit, power] of steps) {
    if (nanos % unit === 0n) return `${nanos / unit}${exponent ? (power === 0 ? "" : `e${power}`) : suffix}`;
  }
  return String(nanos);
}

/** The text that the API server keeps: the largest unit that leaves no fraction, in the notation it came in. */
export function canonicalQuantity(quantity: Quantity): string {
  const { nanos, format } = quantity;
  if (nanos === 0n) return "0";
  if (format === "binary") {
    // Less than a kibi, or a fraction of one: the binary notation has no units for it.
    const magnitude = nanos < 0n ? -nanos : nanos;
    if (magnitude < 1024n * nano || nanos % nano !== 0n) return decimalText(nanos, false);
    for (const suffix of ["Ei", "Pi", "Ti", "Gi", "Mi", "Ki"])
      if (nanos % (binary[suffix]! * nano) === 0n) return `${nanos / (binary[suffix]! * nano)}${suffix}`;
    return String(nanos / nano);
  }
  return decimalText(nanos, format === "exponent");
}
