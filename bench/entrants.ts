/** Who takes part in a row: its own variants, the same of another revision, and peers. */
import type { Arguments } from "./arguments.ts";
import { measure } from "./measure.ts";
import { measureHere } from "./measured.ts";
import { peersFor } from "./peers.ts";
import type { Measurement, Row } from "./row.ts";

export interface Entrant {
  readonly name: string;
  /** Somebody else's program. */
  readonly peer: boolean;
  /** Why it can't take part. */
  readonly missing?: string;
  run(): Promise<Measurement>;
}

/** @param other the work tree of `args.against` @param preparing is told what takes a while before anything can be measured */
export async function entrantsOf(
  row: Row,
  { scale, peers, against }: Arguments,
  other: string | undefined,
  preparing: (what: string) => void,
): Promise<Entrant[]> {
  // Nobody reads the figures of the smallest sizes.
  const local = (variant: string) => (scale === "tiny" ? measureHere(row, variant, scale) : measure(row.name, variant, scale));
  const own = Object.keys(row.variants).flatMap((variant): Entrant[] => {
    const here: Entrant = { name: variant, peer: false, run: () => local(variant) };
    if (other === undefined || variant === "loop") return [here];
    return [here, { name: `${variant}, ${against}`, peer: false, run: () => measure(row.name, variant, scale, other) }];
  });
  if (!peers) return own;
  return [...own, ...(await peersFor(row.name, scale, preparing)).map((contestant): Entrant => ({ ...contestant, peer: true }))];
}
