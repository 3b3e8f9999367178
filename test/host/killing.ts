/**
 * Real processes that are really killed: a `-p 3` cluster with a file store, of which members die by SIGKILL at random moments.
 * The seed decides whom and when (the machine decides what they were doing), and the outputs must be those of an undisturbed run.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { startCluster } from "../../runtime/host/cluster.ts";
import { memberArguments } from "../../runtime/host/run.ts";
import { createRandom } from "../simulation/random.ts";
import { type Steady, steadyLines } from "./flows/steady.ts";

export const steadyModule = fileURLToPath(new URL("./flows/steady.ts", import.meta.url));

export interface Killing {
  readonly seed: number;
  readonly kills: number;
  readonly items: number;
  readonly workers?: number;
}
export interface Killed {
  readonly kills: readonly { readonly member: number; readonly afterMs: number }[];
  readonly executions: number;
  readonly snapshots: number;
  readonly milliseconds: number;
}

export function linesOf(directory: string): string[] {
  return readdirSync(directory)
    .flatMap((file) => readFileSync(join(directory, file), "utf8").split("\n").slice(0, -1))
    .toSorted();
}
export function expectSteady(directory: string, steady: Steady): void {
  for (const [name, lines] of Object.entries(steadyLines(steady))) {
    const found = linesOf(join(directory, name));
    // The lengths first: a difference of thousands of lines is no message.
    expect({ name, lines: found.length }).toEqual({ name, lines: lines.length });
    expect(found).toEqual(lines);
  }
}

/** Resolves when a first snapshot has been committed. */
async function snapshotIn(store: string): Promise<void> {
  const path = join(store, "manifest.json");
  while (!existsSync(path) || !readFileSync(path, "utf8").includes('"sha256"')) await sleep(50);
}

export async function runAndKill({ seed, kills, items, workers = 1 }: Killing): Promise<Killed> {
  const directory = mkdtempSync(join(tmpdir(), `weir-kill-${seed}-`));
  const random = createRandom(seed);
  const keys = 10;
  const startedAt = performance.now();
  const killed: { member: number; afterMs: number }[] = [];
  const cluster = await startCluster({
    processes: 3,
    restart: true,
    stdio: "ignore",
    args: memberArguments(steadyModule, {
      recovery: `file://${directory}/store`,
      snapshotInterval: "0.2",
      epoch: "40",
      retain: "2",
      workers: String(workers),
      param: [`directory=${directory}`, `items=${items}`, "paceMs=40", `keys=${keys}`],
    }),
  });
  let over = false;
  const finished = cluster.finished.finally(() => (over = true));
  try {
    for (let kill = 0; kill < kills && !over; kill++) {
      // The first while the cluster comes up (one seed in four) or works, the others while it works, recovers or waits.
      if (kill === 0 && seed % 4 !== 0) await Promise.race([snapshotIn(join(directory, "store")), finished]);
      await Promise.race([sleep((seed % 4 === 0 ? 800 : 200) + random.next() * 2500), finished]);
      if (over) break;
      const member = random.integer(3);
      const { pid } = cluster.members[member]!;
      if (pid === undefined || cluster.members[member]!.exitCode !== null) continue;
      process.kill(pid, "SIGKILL");
      killed.push({ member, afterMs: Math.round(performance.now() - startedAt) });
    }
    await finished;
    expectSteady(directory, { items, keys });
    const manifest = JSON.parse(readFileSync(join(directory, "store", "manifest.json"), "utf8")) as {
      execution: number;
      snapshots: { epoch: number }[];
    };
    return {
      kills: killed,
      executions: manifest.execution,
      snapshots: manifest.snapshots.at(-1)!.epoch,
      milliseconds: Math.round(performance.now() - startedAt),
    };
  } finally {
    for (const { pid } of cluster.members) {
      try {
        if (pid !== undefined) process.kill(pid, "SIGKILL");
      } catch {
        // Gone already, as it should be.
      }
    }
    await sleep(50);
    rmSync(directory, { recursive: true, force: true });
  }
}
