/** timely dataflow from crates.io, built by cargo into the cache. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cache, repository } from "../cache.ts";
import { wordcountText } from "../data/text.ts";
import { peerLatency, waitsMeasured } from "../data/waits.ts";
import { lastLine, run } from "../measure.ts";
import type { Peer, PeerContestant } from "../peers.ts";
import { expectAnswer, type Measurement, type Scale } from "../row.ts";
import { rows } from "../rows/index.ts";
import { freePorts } from "../../runtime/host/free-ports.ts";

const target = (): string => join(cache(), "timely");
const program = (): string => join(target(), "release/weir-bench-timely");
let missing: Promise<string | undefined> | undefined;

async function build(): Promise<string | undefined> {
  const sources = join(repository, "bench/peers/timely");
  try {
    await run("cargo", ["build", "--release", "--quiet", "--locked", "--target-dir", target()], sources, "cargo");
    return undefined;
  } catch (error) {
    return `timely can't be built here: ${(error as Error).message.split("\n")[0]}`;
  }
}

type Result = Readonly<Record<string, number>> & { readonly seconds: number };
type Mode = "1 worker" | "2 workers" | "2 processes";

async function start(args: readonly string[], mode: Mode): Promise<Result> {
  if (mode !== "2 processes") {
    const output = await run(program(), [...args, "-w", mode === "1 worker" ? "1" : "2"], repository, "timely");
    return lastLine(output) as Result;
  }
  const directory = mkdtempSync(join(tmpdir(), "weir-bench-timely-"));
  try {
    const hosts = join(directory, "hosts");
    writeFileSync(hosts, (await freePorts(2)).map((port) => `127.0.0.1:${port}\n`).join(""));
    const outputs = await Promise.all(
      [0, 1].map((process) => run(program(), [...args, "-n", "2", "-p", String(process), "-h", hosts], repository, "timely")),
    );
    const results = outputs.map((output) => lastLine(output) as Result);
    const sums: Record<string, number> = {};
    for (const result of results)
      for (const [name, value] of Object.entries(result)) sums[name] = (sums[name] ?? 0) + Number(value);
    return { ...sums, seconds: Math.max(...results.map(({ seconds }) => seconds)) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const share = (count: number, scale: Scale): number => Math.ceil(count / { full: 1, brief: 10, tiny: 1000 }[scale]);

interface Work {
  readonly modes: readonly Mode[];
  measure(scale: Scale, mode: Mode): Promise<Measurement>;
}

/** A row whose records and answer are its own. */
function records(name: string, what: string, detail: string, modes: readonly Mode[]): Work {
  return {
    modes,
    async measure(scale, mode) {
      const row = rows.find((one) => one.name === name)!;
      const count = row.records![scale];
      const result = await start([what, String(count), detail], mode);
      expectAnswer("timely", { ...result, total: (result.total ?? 0) >>> 0 }, row.answer!(scale));
      return { value: count / result.seconds };
    },
  };
}

function exchange(size: number, rounds: { "2 workers": number; "2 processes": number }): Work {
  return {
    modes: ["2 workers", "2 processes"],
    async measure(scale, mode) {
      const count = share(rounds[mode as "2 workers"], scale);
      const result = await start(["exchange", String(count), String(size)], mode);
      expectAnswer("timely", result, { received: size * count * 2 });
      return { value: (size * count) / result.seconds };
    },
  };
}

const work: Readonly<Record<string, Work>> = {
  wordcount: {
    modes: ["1 worker", "2 workers"],
    async measure(scale, mode) {
      const text = wordcountText(scale);
      const result = await start(["wordcount", "0", dirname(text.files[0]!)], mode);
      expectAnswer("timely", result, rows.find(({ name }) => name === "wordcount")!.answer!(scale));
      return { value: result.total! / result.seconds };
    },
  },
  chain: records("chain", "chain", "0", ["1 worker"]),
  "keyed-1k": records("keyed-1k", "keyed", "1000", ["1 worker", "2 workers"]),
  "keyed-1m": records("keyed-1m", "keyed", "1000000", ["1 worker", "2 workers"]),
  window: records("window", "window", "1000", ["1 worker", "2 workers"]),
  "exchange-1k": exchange(1_000, { "2 workers": 30_000, "2 processes": 5_000 }),
  "exchange-100k": exchange(100_000, { "2 workers": 1_000, "2 processes": 300 }),
  latency: {
    modes: ["1 worker", "2 workers"],
    async measure(scale, mode) {
      const records = peerLatency.seconds[scale] * peerLatency.perSecond;
      const result = await start(["latency", String(records), String(peerLatency.perSecond)], mode);
      expectAnswer("timely", result, { count: records });
      return waitsMeasured((result.waits as unknown as readonly number[]).map((microseconds) => microseconds / 1000));
    },
  },
  barrier: {
    modes: ["1 worker", "2 workers", "2 processes"],
    async measure(scale, mode) {
      const rounds = share({ "1 worker": 2_000_000, "2 workers": 300_000, "2 processes": 30_000 }[mode], scale);
      const result = await start(["barrier", String(rounds), "0"], mode);
      expectAnswer("timely", result, { notified: rounds * (mode === "1 worker" ? 1 : 2) });
      return { value: rounds / result.seconds };
    },
  },
};

export const timely: Peer = {
  name: "timely",
  prepare: () => (missing ??= build()),
  contestants: (row, scale) =>
    (work[row]?.modes ?? []).map((mode): PeerContestant => ({
      name: `timely, ${mode}`,
      run: () => work[row]!.measure(scale, mode),
    })),
};
