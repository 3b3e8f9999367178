/** Results as a table of Markdown, and for the terminal. */
import { alsoFigure, alsoOf, figure, judge, ratio, type RowResult, times, valueOf } from "../results.ts";

const columns = ["work", "by", "median", "runs", "compared", "goal"] as const;
type Column = (typeof columns)[number];
interface Line extends Readonly<Record<Exclude<Column, "goal">, string>> {
  readonly goal: readonly string[];
}

function lines(result: RowResult): Line[] {
  const base = Object.keys(result.row.variants)[0]!;
  const verdicts = judge(result);
  return result.contestants.map((contestant, i) => {
    const value = valueOf(result, contestant.name);
    const also = alsoOf(contestant)
      .map(([name, more]) => `, ${alsoFigure(name, more)}`)
      .join("");
    const goals = verdicts.filter(({ goal }) => goal.variant === contestant.name);
    return {
      work: i === 0 ? result.row.name : "",
      by: contestant.name,
      median:
        value === undefined ? `– (${contestant.missing?.split("\n")[0] ?? "not measured"})` : figure(value, result.row.unit) + also,
      runs: contestant.measurements.length === 0 ? "" : String(contestant.measurements.length),
      compared:
        base !== "loop" || contestant.name === base || value === undefined
          ? ""
          : `${times(ratio(result, contestant.name, base))} ${base}`,
      goal: goals.map(({ goal, words, holds }) => {
        const what = words.slice(contestant.name.length + 1);
        const got = goal.of === undefined || goal.of === base ? "" : ` (${times(ratio(result, contestant.name, goal.of))})`;
        return holds === undefined ? `${what} (not measured)` : `${what}${got} ${holds ? "✓" : "✗ missed"}`;
      }),
    };
  });
}

/** One line for a row that is done: "1 of 2 goals hold; missed: 2 workers ≥ 1.2 × loop; 1 not measured". */
export function verdictLine(result: RowResult): string {
  const verdicts = judge(result);
  const count = (holds: boolean | undefined): number => verdicts.filter((verdict) => verdict.holds === holds).length;
  const measured = verdicts.length - count(undefined);
  const missed = verdicts.filter(({ holds }) => holds === false).map((verdict) => verdict.words);
  const words = [
    ...(measured > 0 ? [`${count(true)} of ${measured} goals hold`] : []),
    ...(missed.length > 0 ? [`missed: ${missed.join(", ")}`] : []),
    ...(count(undefined) > 0 ? [`${count(undefined)} not measured`] : []),
  ];
  return words.join("; ");
}

export function terminalTable(results: readonly RowResult[]): string {
  const notes: string[] = [];
  const cells = results.flatMap((result) =>
    lines(result).flatMap(({ goal, ...line }): string[][] => {
      const note = /^– \((.{20,})\)$/s.exec(line.median)?.[1];
      if (note !== undefined && !notes.includes(note)) notes.push(note);
      const median = note === undefined ? line.median : `– [${notes.indexOf(note) + 1}]`;
      const first = [line.work, line.by, median, line.runs, line.compared, goal[0] ?? ""];
      return [first, ...goal.slice(1).map((more) => ["", "", "", "", "", more])];
    }),
  );
  const width = columns.map((column, i) => Math.max(column.length, ...cells.map((line) => line[i]!.length)));
  const write = (line: readonly string[]): string =>
    line
      .map((cell, i) => cell.padEnd(width[i]!))
      .join("  ")
      .trimEnd();
  const body = cells.map((line, i) => (i > 0 && line[0] !== "" ? `\n${write(line)}` : write(line)));
  return [
    write(columns),
    write(width.map((length) => "─".repeat(length))),
    ...body,
    ...notes.map((note, i) => `\n[${i + 1}] ${note}`),
  ].join("\n");
}

export function markdownTable(results: readonly RowResult[]): string {
  const write = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    write(columns),
    write(columns.map(() => "---")),
    ...results
      .flatMap(lines)
      .map(({ work, by, median, runs, compared, goal }) =>
        write([work === "" ? "" : `\`${work}\``, by, median, runs, compared, goal.join("; ")]),
      ),
  ].join("\n");
}
