/** Twenty lives of a cluster whose members are killed at random moments, process 0 included: every result exactly once. */
import { expect, test } from "vitest";
import { runAndKill } from "../host/killing.ts";

const seeds = Array.from({ length: 20 }, (_, seed) => seed + 1);

test.for(seeds)("seed %i", { timeout: 180_000 }, async (seed) => {
  const result = await runAndKill({ seed, kills: 2 + (seed % 4), items: 500, workers: seed % 5 === 0 ? 2 : 1 });
  console.log(
    `seed ${seed}: killed ${result.kills.map(({ member, afterMs }) => `${member} at ${afterMs} ms`).join(", ")}; ${result.executions} executions, epoch ${result.snapshots}, ${result.milliseconds} ms`,
  );
  expect(result.kills.length).toBeGreaterThan(0);
});
