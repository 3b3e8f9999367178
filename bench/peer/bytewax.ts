/** Bytewax from PyPI, installed by pip into a virtual environment of the cache. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { cache, repository } from "../cache.ts";
import { instant, readTallies, type Tallied } from "../data/tally.ts";
import { wordcountText } from "../data/text.ts";
import { parts } from "../data/updates.ts";
import { peerLatency, waitsMeasured } from "../data/waits.ts";
import { run } from "../measure.ts";
import type { Peer, PeerContestant } from "../peers.ts";
import { expectAnswer, type Measurement, type Scale } from "../row.ts";
import { rows } from "../rows/index.ts";
import { freePorts } from "../../runtime/host/free-ports.ts";

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
const processesOf = { "1 worker": 1, "2 processes": 2 } as const;
type Mode = keyof typeof processesOf;

interface Run {
  readonly processes: number;
  /** Parts of the source, default one for each process. */
  readonly parts?: number;
  readonly flags?: readonly string[];
}

/** Runs `program:flow` and reads what its processes left behind. */
async function runFlow(program: string, records: number, detail: string, how: Run): Promise<Tallied> {
  const report = mkdtempSync(join(tmpdir(), "weir-bench-bytewax-"));
  try {
    const args = [report, records, detail, how.parts ?? how.processes].map((arg) => JSON.stringify(arg));
    const addresses = (await freePorts(how.processes)).map((port) => `127.0.0.1:${port}`).join(";");
    await Promise.all(
      Array.from({ length: how.processes }, async (_, process) => {
        // Who finds the port of one before it closed tries again after a second.
        await setTimeout(60 * process);
        const cluster = how.processes === 1 ? [] : ["--process-id", String(process), "--addresses", addresses];
        const flags = ["-m", "bytewax.run", `${program}:flow(${args.join(", ")})`, ...cluster, ...(how.flags ?? [])];
        return run(python(), flags, join(repository, "bench/peers/bytewax"), "bytewax");
      }),
    );
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
  const done = await runFlow(name.replace(/-.*/, ""), row.records?.[size] ?? 0, detail, { processes: processesOf[mode] });
  const answer = row.answer!(size);
  const got = Object.fromEntries(Object.keys(answer).map((figure) => [figure, done.sum(figure)]));
  expectAnswer("bytewax", got.total === undefined || text !== undefined ? got : { ...got, total: got.total % 2 ** 32 }, answer);
  return { value: (text === undefined ? row.records![size] : got.total!) / done.seconds };
}

async function latency(scale: Scale, mode: Mode): Promise<Measurement> {
  const records = peerLatency.seconds[scale] * peerLatency.perSecond;
  const done = await runFlow("latency", records, String(peerLatency.perSecond), { processes: processesOf[mode] });
  expectAnswer("bytewax", { count: done.sum("count") }, { count: records });
  return waitsMeasured(done.list("waits"));
}

/** A tenth of the keys that others have: with all of them a run takes most of a minute. */
const keysOf: Readonly<Record<Scale, number>> = { full: 100_000, brief: 10_000, tiny: 1_000 };

/**
 * `action` has the flags of a recovery store. Its documentation recommends as many partitions as there will ever be workers: what is read
 * from one grows with its square, and sixteen of them, which is one for each worker up to a good size, were the fastest of 1 to 256.
 */
async function withStore<T>(action: (flags: readonly string[]) => Promise<T>): Promise<T> {
  const store = mkdtempSync(join(tmpdir(), "weir-bench-bytewax-"));
  try {
    await run(python(), ["-m", "bytewax.recovery", store, "16"], repository, "bytewax.recovery");
    return await action(["--recovery-directory", store, "--snapshot-interval", "10", "--backup-interval", "0"]);
  } finally {
    rmSync(store, { recursive: true, force: true });
  }
}

/** From the start of the process that goes on to its first output, as for Weir. */
const resume = (scale: Scale): Promise<Measurement> =>
  withStore(async (flags) => {
    const keys = keysOf[scale];
    const more = 1_000;
    await runFlow("resume", keys, String(keys), { processes: 1, flags });
    const begun = instant();
    const done = await runFlow("resume", keys + more, String(keys), { processes: 1, flags });
    expectAnswer("bytewax", { count: done.sum("count"), sum: done.sum("sum") }, { count: more, sum: 2 * more });
    return { value: Math.min(...done.list("first")) - begun };
  });

/**
 * From the last output of two processes to the first of three. The end of the input is where Bytewax stops with a snapshot; the run before
 * ends there, too, so that a tenth of the keys has changed since.
 */
const rescale = (scale: Scale): Promise<Measurement> =>
  withStore(async (flags) => {
    const keys = keysOf[scale];
    const changed = keys / 10;
    const upTo = (until: number, processes: number): Promise<Tallied> =>
      runFlow("resume", until, String(keys), { processes, parts, flags });
    await upTo(keys, 2);
    const old = await upTo(keys + changed, 2);
    const grown = await upTo(2 * keys + changed, 3);
    const counts = { changed: old.sum("sum"), count: grown.sum("count"), sum: grown.sum("sum") };
    // Each key once more, behind one update of all and another of those that have changed: not one state is missing or old.
    expectAnswer("bytewax", counts, { changed: 2 * changed, count: keys, sum: 2 * keys + changed });
    return { value: Math.min(...grown.list("first")) - Math.max(...old.list("last")) };
  });

export const bytewax: Peer = {
  name: "bytewax",
  prepare: () => (missing ??= install()),
  contestants(row, scale) {
    if (row === "rescale") return [{ name: "bytewax, 2 → 3 processes, a tenth of the keys", run: () => rescale(scale) }];
    if (row === "resume") return [{ name: "bytewax, a tenth of the keys", run: () => resume(scale) }];
    if (row !== "wordcount" && row !== "latency" && details[row] === undefined) return [];
    const modes: Mode[] = row === "chain" ? ["1 worker"] : ["1 worker", "2 processes"];
    return modes.map((mode): PeerContestant => ({
      name: `bytewax, ${mode}`,
      run: () => (row === "latency" ? latency(scale, mode) : measure(row, scale, mode)),
    }));
  },
};
