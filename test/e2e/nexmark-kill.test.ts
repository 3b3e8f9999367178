/** Nexmark's stateful queries on three real processes, of which one is killed on the way: the answers are SQL's all the same. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startCluster } from "../../runtime/host/cluster.ts";
import { memberArguments } from "../../runtime/host/run.ts";
import { answerIn, sample, sampleEvents } from "../examples/nexmark/runs.ts";
import { sqlAnswers } from "../examples/nexmark/sql.ts";
import { scratch } from "../testing/runs.ts";

const names = ["q3", "q4", "q5", "q6", "q7", "q8"] as const;

test.each(names.map((name, victim) => [name, victim % 3] as const))("%s, with a SIGKILL for process %i", async (name, victim) => {
  const disk = scratch();
  const manifest = join(disk.directory, "store/manifest.json");
  const out = join(disk.directory, "out");
  // Six thousand events in four seconds, with a snapshot every 0.2 s.
  const params = { ...sample, out, parts: 3, ratePerSecond: 1_500, waitMs: Infinity };
  const cluster = await startCluster({
    processes: 3,
    restart: true,
    stdio: "ignore",
    args: memberArguments(fileURLToPath(new URL(`../../examples/nexmark/${name}.ts`, import.meta.url)), {
      recovery: disk.store,
      snapshotInterval: "0.2",
      epoch: "40",
      param: Object.entries(params).map(([param, value]) => `${param}=${value}`),
    }),
  });
  let over = false;
  const finished = cluster.finished.finally(() => (over = true));
  try {
    while (!over && !(existsSync(manifest) && readFileSync(manifest, "utf8").includes('"sha256"'))) await sleep(20);
    await sleep(1_000);
    expect(over, "it is killed while it works").toBe(false);
    process.kill(cluster.members[victim]!.pid!, "SIGKILL");
    await finished;
    expect(answerIn(out, name)).toEqual(sqlAnswers(sampleEvents())[name]);
    expect(disk.manifest().execution).toBeGreaterThan(1);
  } finally {
    for (const member of cluster.members) member.kill("SIGKILL");
    await sleep(50);
    disk.remove();
  }
});
