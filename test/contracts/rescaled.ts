/** Real processes of a flow that change their number over HTTP, again and again, while records pass through, and may be killed on the way. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { type Members, members } from "../host/members.ts";
import { createRandom } from "../simulation/random.ts";

export interface Rescales {
  readonly module: string;
  /** `file:` URL of the store. */
  readonly recovery: string;
  readonly params: Readonly<Record<string, string | number>>;
  /** Numbers of processes, one after the other. */
  readonly through: readonly number[];
  /** How much has come out until now: between two rescales it has to grow. */
  readonly written: () => Promise<number>;
  /** Of a flow that does not end by itself: stops the load, and resolves once all of it has come out. */
  readonly end?: () => Promise<void>;
  /** In the middle of each rescale a process is killed, and started again: another each time. */
  readonly kill?: boolean;
}

/** Resolves once all processes have left in order. */
export async function runRescaled(options: Rescales): Promise<void> {
  const { through, written, end } = options;
  const most = Math.max(...through);
  const random = createRandom(most);
  const given = Object.entries(options.params).flatMap(([name, value]) => ["--param", `${name}=${value}`]);
  const store = ["--recovery", options.recovery, "--snapshot-interval", "0.2", "--epoch", "40", "--partitions", "16"];
  const flow = await members(most, [options.module, "-p", String(through[0]), "--keep-topology", ...store, ...given]);
  const all = Array.from({ length: most }, (_, index) => index);
  const runs = async (processes: number): Promise<boolean> => {
    const statuses = await Promise.all(all.map(flow.status));
    return statuses.every((status, index) => status?.phase === (index < processes ? "running" : "standby"));
  };
  try {
    for (const index of all) flow.start(index);
    await flow.until("all are there", () => runs(through[0]!));
    for (const [i, processes] of through.entries()) {
      if (i > 0)
        await (options.kill === true ? rescaleKilled(flow, processes, i % most, random.integer(150)) : rescale(flow, processes));
      await flow.until(`${processes} run and the others stand by`, () => runs(processes));
      const before = await written();
      await flow.until("results go on", async () => (await written()) > before);
      // At any moment between two snapshots, and while what they have prepared is committed.
      await sleep(random.integer(600));
    }
    expect((await flow.status(0))?.phase, "it was over before it was rescaled").toBe("running");
    if (end !== undefined) {
      await end();
      await flow.post(0, "/drain");
    }
    for (const index of all) expect(await flow.exited(index), flow.errors(index)).toBe(0);
    // Or else what came out may be right because an execution that broke was gone on with.
    if (options.kill !== true) for (const index of all) expect(flow.errors(index)).not.toMatch(/WEIR_|resuming/);
  } finally {
    flow.kill();
  }
}

async function rescale(flow: Members, processes: number): Promise<void> {
  const answer = await flow.post(0, "/rescale", { processes });
  expect(answer).toMatchObject({ status: 200, body: { execution: expect.any(Number) } });
}

/** Whether the commit or the kill was first is not known: asks again until it is so. */
async function rescaleKilled(flow: Members, processes: number, victim: number, afterMs: number): Promise<void> {
  const asked = flow.post(0, "/rescale", { processes }).catch(() => undefined);
  await sleep(afterMs);
  flow.children[victim]!.kill("SIGKILL");
  expect(await flow.exited(victim)).toBe("SIGKILL");
  flow.start(victim);
  await asked;
  await flow.until(`${processes} processes`, async () => {
    const status = await flow.status(0);
    // Before it has claimed the store, it only tells what it was started with.
    if (status?.phase === "running" && status.topology.processes === processes) return true;
    await flow.post(0, "/rescale", { processes }).catch(() => undefined);
    return false;
  });
}
