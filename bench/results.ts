/** What came out of a run: for each row its contestants with their medians, and how they stand to the goals. */
import type { Goal, Measurement, Row } from "./row.ts";

export interface Contestant {
  /** "loop", "1 worker", "timely, 2 workers", "2 workers at v0.1". */
  readonly name: string;
  readonly measurements: readonly Measurement[];
  /** Why there is none. */
  readonly missing?: string;
  /** It was there, and has failed or answered wrongly. */
  readonly failed?: boolean;
}
export interface RowResult {
  readonly row: Row;
  readonly contestants: readonly Contestant[];
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** `figure`: one of `also`. undefined without a measurement. */
export function valueOf(result: RowResult, name: string, figure?: string): number | undefined {
  const contestant = result.contestants.find((one) => one.name === name);
  if (contestant === undefined || contestant.measurements.length === 0) return undefined;
  return median(contestant.measurements.map(({ value, also }) => (figure === undefined ? value : (also?.[figure] ?? Number.NaN))));
}

/** Medians of the other figures. */
export function alsoOf(contestant: Contestant): [name: string, value: number][] {
  const names = Object.keys(contestant.measurements[0]?.also ?? {});
  return names.map((name) => [name, median(contestant.measurements.map(({ also }) => also?.[name] ?? Number.NaN))]);
}

/** How many times as good `name` is as `of`; more is better, of rates as of times. */
export function ratio(result: RowResult, name: string, of: string): number | undefined {
  const value = valueOf(result, name);
  const base = valueOf(result, of);
  if (value === undefined || base === undefined) return undefined;
  return result.row.unit.endsWith("/s") ? value / base : base / value;
}

export interface Verdict {
  readonly goal: Goal;
  readonly words: string;
  /** undefined: what it is compared with was not measured. */
  readonly holds: boolean | undefined;
}

export function judge(result: RowResult): Verdict[] {
  return result.row.goals.map((goal) => {
    if (goal.below !== undefined) {
      const value = valueOf(result, goal.variant, goal.figure);
      const [what, unit] = goal.figure === undefined ? ["", result.row.unit] : splitName(goal.figure);
      const words = `${[goal.variant, what].filter(Boolean).join(" ")} < ${goal.below.toLocaleString("en")} ${unit}`;
      return { goal, words, holds: value === undefined ? undefined : value < goal.below };
    }
    const { of = "loop", atLeast = 1 } = goal;
    const got = ratio(result, goal.variant, of);
    const words = atLeast === 1 ? `${goal.variant} ahead of ${of}` : `${goal.variant} ≥ ${atLeast} × ${of}`;
    return { goal, words, holds: got === undefined ? undefined : got >= atLeast };
  });
}

/** "p50 ms": the unit that a name ends in is that of its figure, the rest says what it is. */
const splitName = (name: string): [what: string, unit: string] => [
  name.slice(0, name.lastIndexOf(" ")),
  name.slice(name.lastIndexOf(" ") + 1),
];
export function alsoFigure(name: string, value: number): string {
  const [what, unit] = splitName(name);
  return `${what} ${figure(value, unit)}`;
}

/** 5.10 M/s, 17.0 k rounds/s, 830/s, 3.20 ms. */
export function figure(value: number, unit: string): string {
  if (unit === "%") return `${value.toFixed(1)}%`;
  if (unit === "MB") return `${Math.round(value)} MB`;
  if (unit === "bytes") return `${Math.round(value)} bytes`;
  if (unit === "ms") return `${value < 10 ? value.toFixed(2) : Math.round(value).toLocaleString("en")} ms`;
  const short = unit === "rounds/s" ? " rounds/s" : "/s";
  const digits = (scaled: number): string => scaled.toFixed(scaled < 10 ? 2 : scaled < 100 ? 1 : 0);
  if (value >= 1e6) return `${digits(value / 1e6)} M${short}`;
  if (value >= 1e3) return `${digits(value / 1e3)} k${short}`;
  return `${Math.round(value)}${short}`;
}
/** 12 ×, 0.52 ×, 0.0034 ×. */
export const times = (value: number | undefined): string =>
  value === undefined ? "" : `${value >= 10 ? value.toFixed(0) : value >= 0.1 ? value.toFixed(2) : value.toPrecision(2)} ×`;
