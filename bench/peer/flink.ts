/** Flink from Maven Central, built by mvn into the cache, on a mini cluster in one JVM. */
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { cache, repository } from "../cache.ts";
import { instant } from "../data/tally.ts";
import { wordcountText } from "../data/text.ts";
import { peerLatency, waitsMeasured } from "../data/waits.ts";
import { lastLine, run } from "../measure.ts";
import type { Peer, PeerContestant } from "../peers.ts";
import { median } from "../results.ts";
import { expectAnswer, type Measurement, type Scale } from "../row.ts";
import { rows } from "../rows/index.ts";

const sources = join(repository, "bench/peers/flink");
const target = (): string => join(cache(), "flink");
let missing: Promise<string | undefined> | undefined;

/** mvn takes ten seconds to find that nothing has changed. */
function stamp(): string {
  const hash = createHash("sha256");
  for (const path of globSync(join(sources, "{pom.xml,src/**/*.java}")).toSorted()) hash.update(readFileSync(path));
  return hash.digest("hex");
}

async function build(): Promise<string | undefined> {
  const stamped = join(target(), "built");
  if (existsSync(stamped) && readFileSync(stamped, "utf8") === stamp()) return undefined;
  try {
    await run("mvn", ["-q", "-B", "clean", "package", `-Dout=${target()}`], sources, "mvn");
    writeFileSync(stamped, stamp());
    return undefined;
  } catch (error) {
    return `flink can't be built here: ${(error as Error).message.split("\n")[0]}`;
  }
}

/** As Flink's own scripts start a task manager. */
const options = ["-XX:+UseG1GC", ...["lang", "util", "time"].map((name) => `--add-opens=java.base/java.${name}=ALL-UNNAMED`)];

async function start(program: "Main" | "Recovery", args: readonly string[]): Promise<string> {
  const classes = `${target()}/weir-bench-flink-1.jar:${target()}/lib/*`;
  return run("java", [...options, "-cp", classes, `weir.bench.${program}`, ...args], repository, "flink");
}

type Figures = Readonly<Record<string, number>>;

/** The figures of jobs that run one after the other in a JVM; `counts` is how many records each has. */
async function runJobs(what: string, subtasks: number, counts: readonly number[], detail: string): Promise<Figures[]> {
  const output = await start("Main", [what, String(subtasks), counts.join(","), detail]);
  return output
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Figures);
}

/** The rate of jobs that found compiled code, and of the first, which did not. */
function warm(records: number, jobs: readonly Figures[]): Measurement {
  const rates = jobs.map(({ seconds }) => records / seconds!);
  return { value: median(rates.slice(1)), also: { "cold records/s": rates[0]! } };
}

/** Sums of hashes and of sums are known mod 2³²; no other figure is as large. */
const modulo = (figures: Figures): Figures =>
  Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, value % 2 ** 32]));

interface Work {
  /** By name: how many subtasks. */
  readonly modes: Readonly<Record<string, number>>;
  measure(scale: Scale, subtasks: number): Promise<Measurement>;
}
const one = { "1 worker": 1 };
const both = { "1 worker": 1, "2 workers": 2 };

/** A row whose records and answer are its own. The first job of a JVM is the warm-up of the `jobs` that follow. */
function records(name: string, what: string, detail: string, modes: Work["modes"], jobs: number): Work {
  return {
    modes,
    async measure(scale, subtasks) {
      const row = rows.find((other) => other.name === name)!;
      const count = row.records![scale];
      const all = await runJobs(
        what,
        subtasks,
        Array.from({ length: jobs + 1 }, () => count),
        detail,
      );
      for (const figures of all) expectAnswer("flink", modulo(figures), row.answer!(scale));
      return warm(count, all);
    },
  };
}

/** A job with a tenth of the records is warm-up enough, and leaves time for others. */
const keyed1m: Work = {
  modes: both,
  async measure(scale, subtasks) {
    const row = rows.find(({ name }) => name === "keyed-1m")!;
    const sizes = [scale === "full" ? "brief" : scale, scale] as const;
    const counts = sizes.map((size) => row.records![size]);
    const all = await runJobs("keyed", subtasks, counts, "1000000");
    for (const [i, figures] of all.entries()) expectAnswer("flink", modulo(figures), row.answer!(sizes[i]!));
    return { value: counts[1]! / all[1]!.seconds! };
  },
};

const wordcount: Work = {
  modes: { "1 worker": 1, "2 workers": 2, "final counts only, 1 worker": -1 },
  async measure(scale, subtasks) {
    // A twelfth of the text, several times over, tells the rate of compiled code sooner than the whole.
    const size = scale === "full" ? "brief" : scale;
    const text = wordcountText(size);
    const program = subtasks > 0 ? "wordcount" : "wordcount-final";
    const all = await runJobs(program, Math.abs(subtasks), [0, 0, 0], dirname(text.files[0]!));
    const answer = rows.find(({ name }) => name === "wordcount")!.answer!(size);
    for (const figures of all) expectAnswer("flink", figures, answer);
    return warm(answer.total!, all);
  },
};

const latency: Work = {
  modes: both,
  async measure(scale, subtasks) {
    const records = peerLatency.seconds[scale] * peerLatency.perSecond;
    const [job] = await runJobs("latency", subtasks, [records], String(peerLatency.perSecond));
    const { waits, ...figures } = job as unknown as Figures & { readonly waits: readonly number[] };
    expectAnswer("flink", figures, { count: records });
    return waitsMeasured(waits.map((microseconds) => microseconds / 1000));
  },
};

async function inScratch<T>(action: (url: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "weir-bench-flink-"));
  try {
    return await action(pathToFileURL(directory).href);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
const keysOf: Readonly<Record<Scale, number>> = { full: 1_000_000, brief: 100_000, tiny: 1_000 };

const resume: Work = {
  modes: one,
  measure: (scale) =>
    inScratch(async (directory) => {
      const keys = String(keysOf[scale]);
      const { savepoint } = lastLine(await start("Recovery", ["before", directory, keys])) as { savepoint: string };
      const begun = instant();
      const done = lastLine(await start("Recovery", ["after", savepoint, keys])) as Figures;
      expectAnswer("flink", done, { wrong: 0 });
      return { value: done.first! - begun, also: { "from its submission ms": done.first! - done.submitted! } };
    }),
};
const rescale: Work = {
  modes: { "2 → 3 workers": 3 },
  measure: (scale) =>
    inScratch(async (directory) => {
      const rate = { full: 50_000, brief: 20_000, tiny: 1_000 }[scale];
      const done = lastLine(await start("Recovery", ["rescale", directory, String(keysOf[scale]), String(rate)])) as Figures;
      expectAnswer("flink", done, { wrong: 0 });
      return { value: done.gap! };
    }),
};

const work: Readonly<Record<string, Work>> = {
  wordcount,
  chain: records("chain", "chain", "0", one, 2),
  "keyed-1k": records("keyed-1k", "keyed", "1000", both, 2),
  "keyed-1m": keyed1m,
  window: records("window", "window", "1000", both, 1),
  "nexmark-q3": records("nexmark-q3", "nexmark-q3", "0", both, 2),
  "nexmark-q5": records("nexmark-q5", "nexmark-q5", "0", both, 2),
  "nexmark-q8": records("nexmark-q8", "nexmark-q8", "0", both, 2),
  latency,
  resume,
  rescale,
};

export const flink: Peer = {
  name: "flink",
  prepare: () => (missing ??= build()),
  contestants: (row, scale) =>
    Object.entries(work[row]?.modes ?? {}).map(([mode, subtasks]): PeerContestant => ({
      name: `flink, ${mode}`,
      run: () => work[row]!.measure(scale, subtasks),
    })),
};
