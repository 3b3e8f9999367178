/**
 * `npm run simulate -- --seeds 1000` runs seeds 1 … 1000; `--seed N` replays one and tells what happened. A failing seed is
 * printed with the command that replays it.
 */
import { parseArgs } from "node:util";
import { simulate } from "./simulate.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "100" },
    seed: { type: "string" },
    from: { type: "string", default: "1" },
    quiet: { type: "boolean" },
  },
});

if (values.seed !== undefined) {
  console.log(await simulate(Number(values.seed), (line) => console.log(line)));
} else {
  const from = Number(values.from);
  const count = Number(values.seeds);
  let failed = 0;
  const totals = { crashes: 0, rescales: 0, executions: 0, snapshots: 0 };
  const startedAt = performance.now();
  for (let seed = from; seed < from + count; seed++) {
    try {
      const result = await simulate(seed);
      for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += result[name];
    } catch (error) {
      failed++;
      console.error(
        `seed ${seed}: ${error instanceof Error ? error.message : String(error)}\n  replay: npm run simulate -- --seed ${seed}`,
      );
    }
    if (!process.stderr.isTTY && (seed - from + 1) % 100 === 0)
      console.log(`${seed - from + 1} of ${count} seeds, ${failed} failed`);
    if (process.stderr.isTTY) process.stderr.write(`\r${seed - from + 1} of ${count} seeds, ${failed} failed`);
  }
  if (process.stderr.isTTY) process.stderr.write("\n");
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(
    `${totals.crashes} crashes, ${totals.rescales} rescales, ${totals.executions} executions, ${totals.snapshots} snapshots in ${seconds} s`,
  );
  console.log(`${count - failed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}
