/** Bytewax from PyPI, installed by pip into a virtual environment of the cache. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cache, repository } from "../cache.ts";
import { wordcountText } from "../data/text.ts";
import { run } from "../measure.ts";
import type { Peer, PeerContestant } from "../peers.ts";
import { expectAnswer, type Measurement, type Scale } from "../row.ts";
import { rows } from "../rows/index.ts";
import { readTallies } from "../data/tally.ts";

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

async function measure(name: string, scale: Scale, mode: Mode): Promise<Measurement> {
  const row = rows.find((one) => one.name === name)!;
  // Slow enough that a tenth of the records tells its rate, and quick enough to wait for.
  const size = scale === "full" ? "brief" : scale;
  const text = name === "wordcount" ? wordcountText(size) : undefined;
  const processes = mode === "1 worker" ? 1 : 2;
  const report = mkdtempSync(join(tmpdir(), "weir-bench-bytewax-"));
  try {
    const program = join(repository, "bench/peers/bytewax");
    const what = name.replace(/-.*/, "");
    const flow = `${what}:flow(${JSON.stringify(report)}, ${row.records?.[size] ?? 0}, ${JSON.stringify(text === undefined ? details[name] : dirname(text.files[0]!))}, ${processes})`;
    const args = processes === 1 ? ["-m", "bytewax.run", flow] : ["-m", "bytewax.testing", "-p", "2", flow];
    await run(python(), args, program, "bytewax");
    const done = readTallies(report);
    const answer = row.answer!(size);
    const got = Object.fromEntries(Object.keys(answer).map((figure) => [figure, done.sum(figure)]));
    expectAnswer("bytewax", got.total === undefined || text !== undefined ? got : { ...got, total: got.total % 2 ** 32 }, answer);
    return { value: (text === undefined ? row.records![size] : got.total!) / done.seconds };
  } finally {
    rmSync(report, { recursive: true, force: true });
  }
}

export const bytewax: Peer = {
  name: "bytewax",
  prepare: () => (missing ??= install()),
  contestants(row, scale) {
    if (row !== "wordcount" && details[row] === undefined) return [];
    const modes: Mode[] = row === "chain" ? ["1 worker"] : ["1 worker", "2 processes"];
    return modes.map((mode): PeerContestant => ({ name: `bytewax, ${mode}`, run: () => measure(row, scale, mode) }));
  },
};
