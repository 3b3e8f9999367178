/** Three of the twenty runs of test/e2e/kill.test.ts, shorter: exactly once though members are killed. */
import { expect, test } from "vitest";
import { runAndKill } from "./killing.ts";

test.concurrent.for([101, 102, 103])("seed %i", { timeout: 90_000 }, async (seed) => {
  const { kills, executions } = await runAndKill({ seed, kills: 1, items: 500 });
  expect(kills).toHaveLength(1);
  expect(executions).toBeGreaterThanOrEqual(1);
});
