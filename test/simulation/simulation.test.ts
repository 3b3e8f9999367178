/** A quick batch of the simulation; `npm run simulate -- --seeds 1000` runs more, and replays one. */
import { expect, test } from "vitest";
import { simulate } from "./simulate.ts";

test(
  "40 lives with crashes, cuts, rescales and a store that fails leave what an undisturbed one leaves",
  { timeout: 120_000 },
  async () => {
    const totals = { crashes: 0, rescales: 0, executions: 0, snapshots: 0 };
    for (let seed = 1; seed <= 40; seed++) {
      const result = await simulate(seed).catch((error: unknown) => {
        throw new Error(`npm run simulate -- --seed ${seed}`, { cause: error });
      });
      for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += result[name];
    }
    // The trouble was real.
    expect(totals.crashes).toBeGreaterThan(40);
    expect(totals.rescales).toBeGreaterThan(4);
    expect(totals.executions).toBeGreaterThan(80);
    expect(totals.snapshots).toBeGreaterThan(200);
  },
);

test("a seed is a life: twice the same, and another for another", { timeout: 60_000 }, async () => {
  const life = async (seed: number): Promise<string[]> => {
    const lines: string[] = [];
    await simulate(seed, (line) => lines.push(line));
    return lines;
  };
  for (const seed of [3, 7]) expect(await life(seed)).toEqual(await life(seed));
  expect(await life(3)).not.toEqual(await life(7));
});
