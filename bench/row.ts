/** What a row of the benchmark is: one piece of work, done in several ways that all check their answer. */

/** full: the sizes that goals are about; brief: seconds, for CI; tiny: nothing but the answers. */
export type Scale = "full" | "brief" | "tiny";

export interface Measurement {
  /** In the row's unit. */
  readonly value: number;
  /** Other figures worth a word, in the unit that their names end in. */
  readonly also?: Readonly<Record<string, number>>;
}

export interface Place {
  readonly scale: Scale;
  /** An empty directory of this measurement's own; removed afterwards. */
  readonly scratch: string;
}
/** Throws when the answer is wrong. */
export type Variant = (place: Place) => Promise<Measurement> | Measurement;

export interface Goal {
  readonly variant: string;
  /** With `below`: a figure of `also`, in its own unit; default: the value. */
  readonly figure?: string;
  /** `atLeast` times as good as another variant of this row or a peer's ("timely, 2 workers"). */
  readonly of?: string;
  readonly atLeast?: number;
  /** In the row's unit. */
  readonly below?: number;
}

export interface Row {
  readonly name: string;
  /** One sentence: what is done, on what. */
  readonly work: string;
  readonly unit: "records/s" | "words/s" | "rounds/s" | "ms" | "%" | "MB" | "bytes";
  /** By name, in the order of the table; the first is what others are compared with. */
  readonly variants: Readonly<Record<string, Variant>>;
  readonly goals: readonly Goal[];
  /** Of rows that peers do too: how many records, and figures that everybody's answer must have. */
  readonly records?: Readonly<Record<Scale, number>>;
  readonly answer?: (scale: Scale) => Readonly<Record<string, number>>;
  /** What bounds it: the best that could be had on this machine. */
  readonly limit: string;
}

/** Of a row whose answers are known: throws unless `got` is `expected`, figure by figure. */
export function expectAnswer(
  what: string,
  got: Readonly<Record<string, number>>,
  expected: Readonly<Record<string, number>>,
): void {
  for (const [figure, value] of Object.entries(expected))
    if (got[figure] !== value) throw new Error(`${what}: ${figure} is ${got[figure]} and should be ${value}`);
}
