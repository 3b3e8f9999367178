/** State inside of a loop over real stores: each run dies at an ABORT in its input, and the next has another number of workers. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { decodeStateRow, partitionOf } from "../../runtime/flow/index.ts";
import { getValue, openStore } from "../../runtime/recovery/index.ts";
import { runCluster, runMain } from "../../runtime/testing/index.ts";
import { build, edges } from "./flows/graph.ts";
import { components, distancesFrom, type Relaxation, relaxed, sorted } from "../flow/loop/graphs.ts";
import { scratch, type Scratch } from "./runs.ts";

let disk: Scratch;
beforeEach(() => void (disk = scratch()));
afterEach(() => disk.remove());

async function expectWhole(step: string, algorithm: Relaxation): Promise<void> {
  const wanted = relaxed(edges, algorithm);
  const store = await openStore(disk.store);
  const found: Record<string, unknown> = {};
  for (const node of Object.keys(wanted)) found[node] = decodeStateRow((await getValue(store, step, node, partitionOf))!);
  expect(sorted(found)).toEqual(sorted(wanted));

  const best: Record<string, number> = {};
  for (const file of readdirSync(join(disk.directory, step))) {
    for (const line of readFileSync(join(disk.directory, step, file), "utf8")
      .split("\n")
      .filter(Boolean)) {
      const [node, value] = line.split(" ") as [string, string];
      best[node] = Math.min(best[node] ?? Infinity, Number(value));
    }
  }
  const reached = Object.entries(wanted).filter(([, state]) => state.best < Infinity);
  expect(best).toEqual(Object.fromEntries(reached.map(([node, state]) => [node, state.best])));
}
async function expectAll(): Promise<void> {
  await expectWhole("components", components);
  await expectWhole("distances", distancesFrom(3));
}

test.each([
  ["epochs of a batch", 0],
  ["epochs of 5 ms", 5],
])("a loop with state goes on over crashes, on 3, 1 and 2 workers, with %s", async (_, epochMs) => {
  const recovery = { store: disk.store, snapshotMs: 0 };
  const flow = build(disk.directory);
  for (const workers of [3, 1, 2]) await runMain(flow, { workers, epochMs, recovery });
  await expectAll();
});

test("a loop with state goes on in processes, 2, 3 and 1 of them", { timeout: 60_000 }, async () => {
  const module = join(disk.directory, "flow.ts");
  writeFileSync(
    module,
    `import { build } from ${JSON.stringify(resolve("test/testing/flows/graph.ts"))};
export default build(${JSON.stringify(disk.directory)});
`,
  );
  const recovery = { store: disk.store, snapshotMs: 0 };
  for (const processes of [2, 3, 1])
    await runCluster(module, { processes, workers: processes === 1 ? 2 : 1, epochMs: 0, recovery });
  await expectAll();
});
