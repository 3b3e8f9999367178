/** The command line of the benchmarks. */
import { parseArgs } from "node:util";
import type { Row, Scale } from "./row.ts";

export interface Arguments {
  readonly rows: readonly Row[];
  /** Instead of rows: how cost grows. */
  readonly scaling: boolean;
  readonly runs: number;
  readonly scale: Scale;
  readonly peers: boolean;
  /** A revision of this repository, to run in turns with what is checked out. */
  readonly against: string | undefined;
  readonly save: boolean;
  /** Answers only: each once, no ratios. */
  readonly check: boolean;
  /** Where to leave the count of right and wrong answers, as test runners do. */
  readonly count: string | undefined;
  readonly help: boolean;
}

export const usage = (
  all: readonly Row[],
): string => `npm run bench -- [row…] [options]     the same work as a loop in Node, in Weir and in others
npm run bench -- scaling [options]    how cost grows with workers, operators, partitions, keys, epochs, snapshots

  --runs N       measurements of each kind, in turns, of which the median counts (default 5; fewer once a row has taken 50 s)
  --peers        also the same work in timely, Flink and Bytewax: built once, into .weir/bench; skipped without cargo, mvn, python3
  --against REV  also another revision of this repository, in turns with what is checked out
  --brief        a tenth of the size and one run: a look, not a figure to quote
  --check        only whether the answers are right, each once; with --brief at that size. A wrong one fails, slowness never
  --count FILE   with --check: leave the number of right and wrong answers in FILE, in the JSON of test runners
  --save         write docs/performance.md and its pictures, too (bench/results/ is always written)

Rows (the beginning of a name is enough: "keyed" means keyed-1k and keyed-1m):

${all.map(({ name, work }) => `  ${name.padEnd(14)} ${work}`).join("\n")}

For example:

  npm run bench -- keyed-1k --peers           one row, with everybody in it
  npm run bench -- window --against HEAD~5    has it become slower?
  npm run bench -- --brief --check            what CI runs
  npm run bench -- --peers --save             everything, for docs/performance.md: keep the machine idle for 20 minutes`;

/** @throws Error with one sentence for what is not understood */
export function readArguments(args: readonly string[], all: readonly Row[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      runs: { type: "string" },
      brief: { type: "boolean", default: false },
      peers: { type: "boolean", default: false },
      against: { type: "string" },
      save: { type: "boolean", default: false },
      check: { type: "boolean", default: false },
      count: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const runs = Number(values.runs ?? (values.brief || values.check ? 1 : 5));
  if (!Number.isInteger(runs) || runs < 1) throw new Error(`--runs must be a positive number, not ${values.runs}`);
  const scaling = positionals.includes("scaling");
  for (const name of positionals) {
    if (name !== "scaling" && !all.some((row) => row.name.startsWith(name)))
      throw new Error(`there is no row ${name}; there are ${all.map((row) => row.name).join(", ")}, and scaling`);
  }
  if (scaling && (positionals.length > 1 || values.peers || values.check || values.against !== undefined))
    throw new Error("scaling stands alone: it is measured by itself, without peers and other revisions");
  if (values.count !== undefined && !values.check) throw new Error("--count counts what --check finds");
  if (values.save && (values.brief || values.check || (positionals.length > 0 && !scaling)))
    throw new Error("--save wants all rows at their full size");
  return {
    rows: positionals.length === 0 ? all : all.filter((row) => positionals.some((name) => row.name.startsWith(name))),
    scaling,
    runs,
    scale: values.brief ? "brief" : values.check ? "tiny" : "full",
    peers: values.peers,
    against: values.against,
    save: values.save,
    check: values.check,
    count: values.count,
    help: values.help,
  };
}
