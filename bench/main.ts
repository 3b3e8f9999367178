/**
 * `npm run bench`: rows of work, each done by a loop in Node, by Weir and by others, in turns, each time in a process of its own.
 * Prints ratios and writes them to bench/results/latest.md. A missed goal is printed and fails nothing; a wrong answer does.
 */
import { loadavg } from "node:os";
import { type Arguments, readArguments, usage } from "./arguments.ts";
import { checkAnswers } from "./check-answers.ts";
import { entrantsOf } from "./entrants.ts";
import { profileOf } from "./report/profile.ts";
import { clock, createProgress, type Progress } from "./report/progress.ts";
import { terminalTable, verdictLine } from "./report/table.ts";
import { checkPage, write } from "./report/write.ts";
import type { Contestant, RowResult } from "./results.ts";
import { checkOut } from "./revision.ts";
import type { Measurement, Row } from "./row.ts";
import { rows } from "./rows/index.ts";
import { measureScaling } from "./scaling/index.ts";

/** A row that has taken so long asks no peer again, and each of ours no more than `fewer` times: all rows want their turn. */
const rowMs = 50_000;
/** Of what takes over 20 s even less. */
const fewer = (ms: number): number => (ms > 20_000 ? 2 : 3);

/** Who fails, or answers wrongly, is out of the row, with the reason; the others go on. */
async function runRow(row: Row, args: Arguments, other: string | undefined, progress: Progress): Promise<RowResult> {
  const all = await entrantsOf(row, args, other, progress.say);
  const missing = all.map((entrant) => entrant.missing);
  const measurements = all.map((): Measurement[] => []);
  const rowBegun = performance.now();
  const longest = all.map(() => 0);
  for (let run = 0; run < args.runs; run++) {
    for (const [i, entrant] of all.entries()) {
      const least = entrant.peer ? 1 : fewer(longest[i]!);
      if (missing[i] !== undefined || (run >= least && performance.now() - rowBegun > rowMs)) continue;
      progress.say(`${row.name}: ${entrant.name}${args.runs === 1 ? "" : `, ${run + 1} of ${args.runs}`}`);
      const begun = performance.now();
      try {
        measurements[i]!.push(await entrant.run());
      } catch (error) {
        missing[i] = `failed: ${(error as Error).message}`;
        measurements[i] = [];
        progress.tell(`${row.name}, ${entrant.name} ${missing[i]}`);
      }
      longest[i] = Math.max(longest[i]!, performance.now() - begun);
    }
  }
  return {
    row,
    contestants: all.map(({ name, missing: absent }, i): Contestant => ({
      name,
      measurements: measurements[i]!,
      ...(missing[i] === undefined ? {} : { missing: missing[i], failed: absent === undefined }),
    })),
  };
}

/** A run of twenty minutes does not end for want of a profile. */
async function profile(row: Row, args: Arguments, progress: Progress): Promise<string | undefined> {
  progress.say(`${row.name}: profile`);
  try {
    return await profileOf(row, args.scale);
  } catch (error) {
    progress.tell(`${row.name}: ${(error as Error).message}`);
    return "none was taken";
  }
}

/** Whether all answers were right. */
async function runRows(args: Arguments): Promise<boolean> {
  const other = args.against === undefined ? undefined : checkOut(args.against);
  if (args.save) checkPage("numbers");
  const results: RowResult[] = [];
  const profiles = new Map<string, string>();
  const loadBefore = loadavg()[0]!;
  const progress = createProgress();
  const begun = performance.now();
  for (const row of args.rows) {
    const rowBegun = performance.now();
    const result = await runRow(row, args, other, progress);
    results.push(result);
    const profiled = args.save ? await profile(row, args, progress) : undefined;
    if (profiled !== undefined) profiles.set(row.name, profiled);
    progress.tell(`${row.name.padEnd(14)} ${clock(performance.now() - rowBegun).padStart(5)}  ${verdictLine(result)}`);
  }
  progress.end();
  console.log(`\n${terminalTable(results)}\n`);
  const failed = results.filter(({ contestants }) => contestants.some((one) => one.failed === true));
  const ownFailed = failed.some(({ row, contestants }) =>
    contestants.some((one) => one.failed === true && one.name in row.variants),
  );
  if (ownFailed && args.save) console.log("docs/performance.md is left as it was: not everything of ours has come through\n");
  const tookMs = performance.now() - begun;
  console.log(write(results, { ...args, loadBefore, tookMs, profiles, save: args.save && !ownFailed }));
  return failed.length === 0;
}

let args: Arguments;
try {
  args = readArguments(process.argv.slice(2), rows);
} catch (error) {
  console.error(`bench: ${(error as Error).message} (--help says what there is)`);
  process.exit(2);
}
if (args.help) console.log(usage(rows));
else if (args.check) process.exitCode = (await checkAnswers(args)) === 0 ? 0 : 1;
else if (args.scaling) process.exitCode = (await measureScaling(args)) ? 0 : 1;
else {
  try {
    process.exitCode = (await runRows(args)) ? 0 : 1;
  } catch (error) {
    console.error(`bench: ${(error as Error).message}`);
    process.exitCode = 2;
  }
}
