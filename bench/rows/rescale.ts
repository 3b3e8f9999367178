import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { freePorts } from "../../runtime/host/free-ports.ts";
import { memberArguments } from "../../runtime/host/run.ts";
import { instant, readTallies } from "../data/tally.ts";
import { checkUpdates, longestGap } from "../data/updates.ts";
import { type Measurement, type Place, type Row, type Scale } from "../row.ts";
import { flagsOf, flowPath } from "../run-flow.ts";

const sizes: Record<Scale, { keys: number; rate: number }> = {
  full: { keys: 1_000_000, rate: 50_000 },
  brief: { keys: 100_000, rate: 20_000 },
  tiny: { keys: 1_000, rate: 1_000 },
};
const token = "bench";

async function rescale(place: Place): Promise<Measurement> {
  const { keys, rate } = sizes[place.scale];
  const report = join(place.scratch, "tally");
  const recovery = pathToFileURL(join(place.scratch, "store")).href;
  const flags = flagsOf({ params: { keys, fast: keys, rate }, flags: { recovery, snapshotInterval: "3600" } }, report);
  const ports = await freePorts(6);
  const addresses = ports
    .slice(0, 3)
    .map((port) => `127.0.0.1:${port}`)
    .join(",");
  const members = [0, 1, 2].map((index) =>
    fork(
      fileURLToPath(new URL("../../bin/weir.js", import.meta.url)),
      [
        "run",
        ...memberArguments(flowPath("updates"), flags),
        "--processes=2",
        `--index=${index}`,
        `--addresses=${addresses}`,
        `--http-port=${ports[3 + index]}`,
      ],
      { execArgv: [], env: { ...process.env, WEIR_TOKEN: token, WEIR_BIND: "127.0.0.1" } },
    ),
  );
  try {
    const origin = (index: number): string => `http://127.0.0.1:${ports[3 + index]}`;
    await until("all keys are there", members, async () => {
      const counted = await Promise.all([0, 1].map(async (index) => keysOf(await get(`${origin(index)}/status`))));
      return counted[0]! + counted[1]! >= keys;
    });
    await post(`${origin(0)}/snapshot`);
    await until("the third process stands by", members, async () => {
      const status = (await get(`${origin(2)}/status`)) as { phase?: string } | undefined;
      return status?.phase === "standby";
    });
    // A tenth of the keys changes.
    await new Promise((resolve) => setTimeout(resolve, (keys * 100) / rate));
    const asked = instant();
    const result = (await post(`${origin(0)}/rescale`, { processes: 3 })) as { stallMilliseconds: number };
    await new Promise((resolve) => setTimeout(resolve, place.scale === "tiny" ? 100 : 1_000));
    const answered = instant();
    const left = Promise.all(members.map((member) => new Promise((resolve) => member.once("exit", resolve))));
    await post(`${origin(0)}/drain`);
    await left;
    const done = readTallies(report);
    checkUpdates(done, keys);
    return {
      value: longestGap(done.list("buckets"), asked - 50, answered),
      also: { "reported ms": result.stallMilliseconds },
    };
  } finally {
    for (const member of members) if (member.exitCode === null) member.kill("SIGKILL");
  }
}

const keysOf = (status: unknown): number =>
  (status as { steps?: { keys?: number }[] } | undefined)?.steps?.reduce((sum, { keys }) => sum + (keys ?? 0), 0) ?? 0;

async function get(url: string): Promise<unknown> {
  try {
    return await (await fetch(url)).json();
  } catch {
    // It has not opened its port yet.
    return undefined;
  }
}

async function post(url: string, body: object = {}): Promise<unknown> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.json();
}

async function until(what: string, members: readonly ChildProcess[], holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; !(await holds());) {
    if (Date.now() > deadline) throw new Error(`still waiting: ${what}`);
    if (members.some((member) => member.exitCode !== null)) throw new Error("a process has ended");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export const rescaleRow: Row = {
  name: "rescale",
  work: "2 to 3 processes with 1 M keys, 10% changed since the last snapshot: the longest time without output",
  unit: "ms",
  variants: { "2 → 3 processes": rescale },
  goals: [{ variant: "2 → 3 processes", below: 1_000 }],
  limit:
    "What has changed since the snapshot that the rescale itself takes while the flow goes on: packing, writing and committing it, and loading it where its keys go.",
};
