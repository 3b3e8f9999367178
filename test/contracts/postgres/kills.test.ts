/** The flow itself is killed, by SIGKILL: at each point of the protocol, and at random ones. The tables come to what an undisturbed run makes. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startCluster } from "../../../runtime/host/cluster.ts";
import { memberArguments } from "../../../runtime/host/run.ts";
import { createRandom } from "../../simulation/random.ts";
import { expectLedger, makeLedger } from "./ledger-tables.ts";
import { withPostgres, type World } from "./world.ts";

const module = fileURLToPath(new URL("./flows/ledger.ts", import.meta.url));
const items = 400;

interface Run {
  readonly directory: string;
  readonly crashes: string;
  /** Resolves with how it ended. */
  start(): { readonly child: ChildProcess; readonly ended: Promise<"completed" | "killed"> };
}
async function prepareRun(world: World): Promise<Run> {
  await makeLedger(world);
  const directory = mkdtempSync(join(tmpdir(), "weir-ledger-"));
  const crashes = join(directory, "crashes");
  mkdirSync(crashes);
  const parameters = [`url=${world.server.connectionString}`, `items=${items}`, "paceMs=25", `crashes=${crashes}`];
  const flags = ["-r", `file://${directory}/store`, "--snapshot-interval", "0.1", "--epoch", "20", "--partitions", "8"];
  return {
    directory,
    crashes,
    start() {
      const child = spawn(process.execPath, ["bin/weir.js", "run", module, ...flags, "--param", ...parameters], {
        stdio: ["ignore", "ignore", "pipe"],
      });
      let errors = "";
      child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
      const ended = new Promise<"completed" | "killed">((resolve, reject) => {
        child.once("exit", (code, signal) => {
          if (code === 0) resolve("completed");
          else if (signal === "SIGKILL") resolve("killed");
          else reject(new Error(`the flow ended with ${signal ?? `status ${code}`}: ${errors}`));
        });
      });
      return { child, ended };
    },
  };
}

await withPostgres("a flow that is killed while it writes to Postgres", (world) => {
  test.each(["prepared", "commit", "committed"])("at the point «%s» of the protocol, twice", async (point) => {
    const run = await prepareRun(world);
    try {
      let killed = 0;
      for (let i = 0; i < 2; i++) {
        writeFileSync(join(run.crashes, point), "");
        if ((await run.start().ended) === "killed") killed++;
        expect(existsSync(join(run.crashes, point))).toBe(false);
      }
      expect(killed).toBe(2);
      expect(await run.start().ended).toBe("completed");
      await expectLedger(world, items);
    } finally {
      rmSync(run.directory, { recursive: true, force: true });
    }
  });

  test("at random points", async () => {
    const random = createRandom(20);
    const run = await prepareRun(world);
    try {
      let kills = 0;
      for (let i = 0; i < 6; i++) {
        const { child, ended } = run.start();
        // From the start on, through the first commits and into the next.
        const timer = sleep(400 + random.integer(700)).then(() => child.kill("SIGKILL"));
        const how = await ended;
        await timer;
        if (how === "completed") break;
        kills++;
      }
      expect(kills).toBeGreaterThan(1);
      while ((await run.start().ended) !== "completed");
      await expectLedger(world, items);
    } finally {
      rmSync(run.directory, { recursive: true, force: true });
    }
  });

  test("members of a cluster of three, one at a time, whoever leads it", async () => {
    const random = createRandom(3);
    const run = await prepareRun(world);
    const cluster = await startCluster({
      processes: 3,
      restart: true,
      stdio: "ignore",
      args: memberArguments(module, {
        recovery: `file://${run.directory}/store`,
        snapshotInterval: "0.1",
        epoch: "20",
        partitions: "8",
        param: [`url=${world.server.connectionString}`, `items=${items}`, "paceMs=60"],
      }),
    });
    let over = false;
    const finished = cluster.finished.finally(() => (over = true));
    let kills = 0;
    try {
      for (let i = 0; i < 4 && !over; i++) {
        await Promise.race([sleep(500 + random.integer(1_000)), finished]);
        const member = cluster.members[i % 3]!;
        if (over || member.pid === undefined || member.exitCode !== null) continue;
        process.kill(member.pid, "SIGKILL");
        kills++;
      }
      await finished;
      expect(kills).toBeGreaterThan(1);
      await expectLedger(world, items);
    } finally {
      for (const { pid, exitCode } of cluster.members) {
        try {
          if (pid !== undefined && exitCode === null) process.kill(pid, "SIGKILL");
        } catch {
          // Gone already, as it should be.
        }
      }
      await sleep(50);
      rmSync(run.directory, { recursive: true, force: true });
    }
  });
});
