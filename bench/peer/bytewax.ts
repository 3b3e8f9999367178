/** Bytewax from PyPI, installed by pip into a virtual environment of the cache. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cache, repository } from "../cache.ts";
import { instant, readTallies, type Tallied } from "../data/tally.ts";
import { wordcountText } from "../data/text.ts";
import { peerLatency, waitsMeasured } from "../data/waits.ts";
import { run } from "../measure.ts";
import type { Peer, PeerContestant } from "../peers.ts";
import { expectAnswer, type Measurement, type Scale } from "../row.ts";
import { rows } from "../rows/index.ts";

const environment = (): string => join(cache(), "bytewax");
const python = (): string => join(environment(), "bin/python");
let missing: Promise<string | undefined> | undefined;

async function install(): Promise<string | undefined> {
  try {
    if (!existsSync(join(environment(), "installed"))) {
      await run("python3", ["-m", "venv", environment()], repository, "python3 -m venv");
      await run(python(), ["-m", "pip", "install", "--quiet", "bytewax==0.21.0"], repository, "pip install");
      await run("touch", [join(environment(), "installed")], repository, "touch");
    }
    return undefined;
  } catch (error) {
    return `bytewax can't be installed here: ${(error as Error).message.split("\n")[0]}`;
  }
}

const details: Readonly<Record<string, string>> = { chain: "0", "keyed-1k": "1000", "keyed-1m": "1000000", window: "1000" };
type Mode = "1 worker" | "2 processes";

/** Runs `program:flow` and reads what its processes left behind. */
async function runFlow(
  program: string,
  records: number,
  detail: string,
  mode: Mode,
  flags: readonly string[] = [],
): Promise<Tallied> {
  const processes = mode === "1 worker" ? 1 : 2;
  const report = mkdtempSync(join(tmpdir(), "weir-bench-bytewax-"));
  try {
    const flow = `${program}:flow(${JSON.stringify(report)}, ${records}, ${JSON.stringify(detail)}, ${processes})`;
    const args = processes === 1 ? ["-m", "bytewax.run", flow, ...flags] : ["-m", "bytewax.testing", "-p", "2", flow];
    await run(python(), args, join(repository, "bench/peers/bytewax"), "bytewax");
    return readTallies(report);
  } finally {
    rmSync(report, { recursive: true, force: true });
  }
}

async function measure(name: string, scale: Scale, mode: Mode): Promise<Measurement> {
  const row = rows.find((one) => one.name === name)!;
  // Slow enough that a tenth of the records tells its rate, and quick enough to wait for.
  const size = scale === "full" ? "brief" : scale;
  const text = name === "wordcount" ? wordcountText(size) : undefined;
  const detail = text === undefined ? details[name]! : dirname(text.files[0]!);
  const done = await runFlow(name.replace(/-.*/, ""), row.records?.[size] ?? 0, detail, mode);
  const answer = row.answer!(size);
  const got = Object.fromEntries(Object.keys(answer).map((figure) => [figure, done.sum(figure)]));
  expectAnswer("bytewax", got.total === undefined || text !== undefined ? got : { ...got, total: got.total % 2 ** 32 }, answer);
  return { value: (text === undefined ? row.records![size] : got.total!) / done.seconds };
}

async function latency(scale: Scale, mode: Mode): Promise<Measurement> {
  const records = peerLatency.seconds[scale] * peerLatency.perSecond;
  const done = await runFlow("latency", records, String(peerLatency.perSecond), mode);
  expectAnswer("bytewax", { count: done.sum("count") }, { count: records });
  return waitsMeasured(done.list("waits"));
}

/** From the start of the process that goes on to its first output, as for Weir: but a tenth of the keys takes long enough. */
async function resume(scale: Scale): Promise<Measurement> {
  const keys = { full: 100_000, brief: 10_000, tiny: 1_000 }[scale];
  const more = 1_000;
  const store = mkdtempSync(join(tmpdir(), "weir-bench-bytewax-"));
  try {
    await run(python(), ["-m", "bytewax.recovery", store, "1"], repository, "bytewax.recovery");
    const flags = ["--recovery-directory", store, "--snapshot-interval", "10", "--backup-interval", "0"];
    await runFlow("resume", keys, String(keys), "1 worker", flags);
    const begun = instant();
    const done = await runFlow("resume", keys + more, String(keys), "1 worker", flags);
    expectAnswer("bytewax", { count: done.sum("count"), sum: done.sum("sum") }, { count: more, sum: 2 * more });
    return { value: Math.min(...done.list("first")) - begun };
  } finally {
    rmSync(store, { recursive: true, force: true });
  }
}

export const bytewax: Peer = {
  name: "bytewax",
  prepare: () => (missing ??= install()),
  contestants(row, scale) {
    if (row === "resume") return [{ name: "bytewax, a tenth of the keys", run: () => resume(scale) }];
    if (row !== "wordcount" && row !== "latency" && details[row] === undefined) return [];
    const modes: Mode[] = row === "chain" ? ["1 worker"] : ["1 worker", "2 processes"];
    return modes.map((mode): PeerContestant => ({
      name: `bytewax, ${mode}`,
      run: () => (row === "latency" ? latency(scale, mode) : measure(row, scale, mode)),
    }));
  },
};
