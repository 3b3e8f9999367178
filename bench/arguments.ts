/** The command line of the benchmarks. */
import { parseArgs } from "node:util";
import type { Row, Scale } from "./row.ts";

export interface Arguments {
  readonly rows: readonly Row[];
  readonly runs: number;
  readonly scale: Scale;
  readonly peers: boolean;
  /** A revision of this repository, to run in turns with what is checked out. */
  readonly against: string | undefined;
  readonly save: boolean;
  readonly help: boolean;
}

export const usage = `npm run bench -- [row…] [options]

  --runs N       measurements of each kind, of which the median counts (default 5)
  --brief        small sizes and one run: for the answers, not for the numbers
  --peers        also the same work in Bytewax, timely and Flink, where they can be had
  --against REV  also the same rows on another revision of this repository, in turns
  --save         write docs/performance.md and its picture (default: bench/results/latest.md only)
  --check        nothing but the answers, in one process, at the smallest sizes

A row can be given by the beginning of its name: "keyed" means keyed-1k and keyed-1m.`;

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
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const runs = Number(values.runs ?? (values.brief || values.check ? 1 : 5));
  if (!Number.isInteger(runs) || runs < 1) throw new Error(`--runs must be a positive number, not ${values.runs}`);
  for (const name of positionals) {
    if (!all.some((row) => row.name.startsWith(name)))
      throw new Error(`there is no row ${name}; there are ${all.map((row) => row.name).join(", ")}`);
  }
  if (values.save && (values.brief || values.check || positionals.length > 0))
    throw new Error("--save wants all rows at their full size");
  return {
    rows: positionals.length === 0 ? all : all.filter((row) => positionals.some((name) => row.name.startsWith(name))),
    runs,
    scale: values.check ? "tiny" : values.brief ? "brief" : "full",
    peers: values.peers,
    against: values.against,
    save: values.save,
    help: values.help,
  };
}
