/** How cost grows: a table has sizes, and for each size some costs, measured in a process of its own. */
import type { Scale } from "../row.ts";

export interface Cost {
  /** "per record": what one of it costs. */
  readonly name: string;
  readonly unit: "ns" | "µs" | "ms" | "bytes" | "MB";
  /** 0: of one thing, and the same at any size when cost is linear. 1: of all, and grows with the size. */
  readonly linear: 0 | 1;
  /** Why it grows faster than that, said when it does. */
  readonly otherwise: string;
}
export interface Table {
  readonly name: string;
  /** One sentence: what is done at each size. */
  readonly work: string;
  readonly sizes: Readonly<Record<Scale, readonly number[]>>;
  readonly costs: readonly Cost[];
  /** "10 M", "64 MB". */
  show(size: number): string;
  /** A figure for each cost; none where a size has too little of something to measure. Throws when an answer is wrong. */
  measure(size: number, scale: Scale, scratch: string): Promise<readonly (number | undefined)[]>;
}

export type Point = readonly [size: number, cost: number];

export interface Growth {
  /** b of cost = a · size^b, by least squares over all points. */
  readonly exponent: number;
  /** Between which neighbours it grows fastest, and how. */
  readonly steepest: { readonly from: number; readonly to: number; readonly exponent: number };
  readonly nearLinear: boolean;
}
/** Caches and deeper trees are worth this much; ten times the size then costs 16 times as much instead of 10. */
export const tolerance = 0.2;

/** undefined with less than two points. */
export function growthOf(points: readonly Point[], linear: 0 | 1): Growth | undefined {
  if (points.length < 2) return undefined;
  const logs = points.map(([size, cost]) => [Math.log(size), Math.log(cost)] as const);
  const mean = (pick: 0 | 1): number => logs.reduce((sum, log) => sum + log[pick], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  let up = 0;
  let across = 0;
  for (const [logSize, logCost] of logs) {
    up += (logSize - x) * (logCost - y);
    across += (logSize - x) ** 2;
  }
  const exponent = up / across;
  let steepest: Growth["steepest"] | undefined;
  for (let i = 1; i < logs.length; i++) {
    const between = (logs[i]![1] - logs[i - 1]![1]) / (logs[i]![0] - logs[i - 1]![0]);
    if (steepest === undefined || between > steepest.exponent)
      steepest = { from: points[i - 1]![0], to: points[i]![0], exponent: between };
  }
  return { exponent, steepest: steepest!, nearLinear: exponent <= linear + tolerance };
}

/** Least of some tries: noise only ever adds. */
export async function least(tries: number, body: () => number | Promise<number>): Promise<number> {
  let best = Infinity;
  for (let i = 0; i < tries; i++) best = Math.min(best, await body());
  return best;
}

/** Milliseconds of processor time of this process, all of its threads together: what else the machine does is outside. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** 10, 1,000, 1 M. */
export const plain = (size: number): string => (size >= 1e6 ? `${size / 1e6} M` : size.toLocaleString("en"));
