/** Tables of growth in words: the figures, the exponent that fits each column, and the name of what grows faster than it should. */
import { type Growth, growthOf, type Point, type Table } from "./table.ts";

export interface Scaled {
  readonly table: Table;
  readonly rows: readonly { readonly size: number; readonly costs: readonly (number | undefined)[] }[];
}

/** Without what was not measured, and what took less than the clock can tell. */
export const pointsOf = ({ rows }: Scaled, column: number): Point[] =>
  rows.flatMap(({ size, costs }): Point[] => (costs[column] === undefined || costs[column] <= 0 ? [] : [[size, costs[column]]]));

const growths = (scaled: Scaled): (Growth | undefined)[] =>
  scaled.table.costs.map(({ linear }, column) => growthOf(pointsOf(scaled, column), linear));

/** 0.83 µs, 1,250 ns, 17 ms: three digits at most. */
export function amount(value: number | undefined, unit: string): string {
  if (value === undefined) return "–";
  return `${value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(value >= 1 ? 3 : 2)} ${unit}`;
}

const cellsOf = (scaled: Scaled): string[][] => [
  [scaled.table.name, ...scaled.table.costs.map(({ name }) => name)],
  ...scaled.rows.map(({ size, costs }) => [
    scaled.table.show(size),
    ...scaled.table.costs.map(({ unit }, column) => amount(costs[column], unit)),
  ]),
  [
    "grows as",
    ...growths(scaled).map((growth) =>
      growth === undefined ? "–" : `n^${growth.exponent.toFixed(2)} ${growth.nearLinear ? "✓" : "✗"}`,
    ),
  ],
];

export function scalingTable(scaled: Scaled): string {
  const cells = cellsOf(scaled);
  const width = cells[0]!.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)));
  return cells
    .map((line) => line.map((cell, column) => (column === 0 ? cell.padEnd(width[0]!) : cell.padStart(width[column]!))).join("  "))
    .join("\n");
}

export function scalingMarkdown(scaled: Scaled): string {
  const write = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const [head, ...body] = cellsOf(scaled);
  return [write(head!), write(head!.map((_, column) => (column === 0 ? "---" : "---:"))), ...body.map(write)].join("\n");
}

/** A sentence for each column: near-linear, or not, where it is steepest, and why. */
export function verdicts(scaled: Scaled): string[] {
  const { table } = scaled;
  return growths(scaled).map((growth, column) => {
    const { name, otherwise, linear } = table.costs[column]!;
    if (growth === undefined) return `- ${name}: measured at one size only.`;
    const { from, to, exponent } = growth.steepest;
    const grows = `n^${growth.exponent.toFixed(2)}${linear === 1 ? "" : " for each"}`;
    const where = `steepest from ${table.show(from)} to ${table.show(to)}: n^${exponent.toFixed(2)}`;
    return growth.nearLinear
      ? `- ${name}: near-linear (${grows}; ${where}).`
      : `- ${name}: **not linear** (${grows}; ${where}): ${otherwise}.`;
  });
}
