/**
 * `npm run bench`: rows of work, each done by a loop in Node, by Weir and by others, in turns, each time in a process of its own.
 * Prints ratios and writes them to bench/results/latest.md. A missed goal is printed and fails nothing; a wrong answer does.
 */
import { loadavg } from "node:os";
import { readArguments, usage } from "./arguments.ts";
import { measure } from "./measure.ts";
import { measureHere } from "./measured.ts";
import { peersFor, type PeerContestant } from "./peers.ts";
import { write } from "./report/write.ts";
import { terminalTable } from "./report/table.ts";
import type { Contestant, RowResult } from "./results.ts";
import { checkOut } from "./revision.ts";
import type { Measurement, Row } from "./row.ts";
import { rows } from "./rows/index.ts";

interface Entrant {
  readonly name: string;
  readonly missing?: string;
  run(): Promise<Measurement>;
}

async function entrants(row: Row): Promise<Entrant[]> {
  const { scale, peers, against } = args;
  const local = (variant: string) => (scale === "tiny" ? measureHere(row.name, variant, scale) : measure(row.name, variant, scale));
  const own = Object.keys(row.variants).flatMap((variant): Entrant[] => {
    const here: Entrant = { name: variant, run: () => local(variant) };
    if (against === undefined || variant === "loop") return [here];
    return [here, { name: `${variant}, ${against}`, run: () => measure(row.name, variant, scale, other) }];
  });
  const others = peers ? await peersFor(row.name, scale) : [];
  return [...own, ...others.map((peer: PeerContestant): Entrant => peer)];
}

async function runRow(row: Row): Promise<RowResult> {
  const all = await entrants(row);
  const measurements = all.map((): Measurement[] => []);
  for (let run = 0; run < args.runs; run++) {
    for (const [i, entrant] of all.entries()) {
      if (entrant.missing !== undefined) continue;
      progress(`${row.name}, ${entrant.name}: ${run + 1} of ${args.runs}`);
      measurements[i]!.push(await entrant.run());
    }
  }
  progress("");
  return {
    row,
    contestants: all.map(({ name, missing }, i): Contestant => ({
      name,
      measurements: measurements[i]!,
      ...(missing === undefined ? {} : { missing }),
    })),
  };
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

let args: ReturnType<typeof readArguments>;
let other = "";
try {
  args = readArguments(process.argv.slice(2), rows);
  if (args.against !== undefined) other = checkOut(args.against);
} catch (error) {
  console.error(`bench: ${(error as Error).message}\n\n${usage}`);
  process.exit(2);
}
if (args.help) {
  console.log(usage);
  process.exit(0);
}
const results: RowResult[] = [];
const loadBefore = loadavg()[0]!;
let failed = false;
for (const row of args.rows) {
  try {
    const result = await runRow(row);
    results.push(result);
    console.log(`${terminalTable([result])}\n`);
  } catch (error) {
    failed = true;
    console.error(`bench: ${(error as Error).message}\n`);
  }
}
if (args.scale !== "tiny") console.log(write(results, { ...args, loadBefore, save: args.save && !failed }));
process.exitCode = failed ? 1 : 0;
