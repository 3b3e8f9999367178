/** Results as a table of Markdown, and for the terminal. */
import { alsoOf, figure, judge, ratio, type RowResult, times, valueOf } from "../results.ts";

const columns = ["work", "by", "median", "compared", "goal"] as const;
type Line = Readonly<Record<(typeof columns)[number], string>>;

function lines(result: RowResult): Line[] {
  const base = Object.keys(result.row.variants)[0]!;
  const verdicts = judge(result);
  return result.contestants.map((contestant, i) => {
    const value = valueOf(result, contestant.name);
    const also = alsoOf(contestant)
      .map(([name, more]) => `, ${name.replace(/ ms$/, "")} ${figure(more, "ms")}`)
      .join("");
    const goals = verdicts.filter(({ goal }) => goal.variant === contestant.name);
    return {
      work: i === 0 ? result.row.name : "",
      by: contestant.name,
      median: value === undefined ? `– (${contestant.missing ?? "not measured"})` : figure(value, result.row.unit) + also,
      compared:
        base !== "loop" || contestant.name === base || value === undefined
          ? ""
          : `${times(ratio(result, contestant.name, base))} ${base}`,
      goal: goals
        .map(({ goal, words, holds }) => {
          const what = words.slice(contestant.name.length + 1);
          const got = goal.of === undefined || goal.of === base ? "" : ` (${times(ratio(result, contestant.name, goal.of))})`;
          return holds === undefined ? `${what} (not measured)` : `${what}${got} ${holds ? "✓" : "✗ missed"}`;
        })
        .join("; "),
    };
  });
}

export function terminalTable(results: readonly RowResult[]): string {
  const all = results.flatMap(lines);
  const width = (column: (typeof columns)[number]): number => Math.max(column.length, ...all.map((line) => line[column].length));
  const write = (line: Line): string =>
    columns
      .map((column) => line[column].padEnd(width(column)))
      .join("  ")
      .trimEnd();
  const head = Object.fromEntries(columns.map((column) => [column, column])) as Line;
  return [write(head), ...all.map(write)].join("\n");
}

export function markdownTable(results: readonly RowResult[]): string {
  const write = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    write(columns),
    write(columns.map(() => "---")),
    ...results
      .flatMap(lines)
      .map((line) => write(columns.map((column) => (column === "work" && line.work !== "" ? `\`${line.work}\`` : line[column])))),
  ].join("\n");
}
