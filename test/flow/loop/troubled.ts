/** Runs that crash or drain anywhere, one after the other over one store: what a loop has to survive. */
import fc from "fast-check";
import type { Dataflow } from "../../../runtime/flow/index.ts";
import { type MemoryStore, run } from "../harness.ts";

/** After how many rounds, on how many workers, drained or crashed, and in which order workers take turns. */
type Trouble = readonly [at: number, workers: number, drains: boolean, order: number | undefined];

export const troubles = fc.array(
  fc.tuple(fc.integer({ min: 1, max: 80 }), fc.constantFrom(1, 2, 3), fc.boolean(), fc.option(fc.nat(), { nil: undefined })),
  { maxLength: 4 },
);

export async function runTroubled(
  build: () => Dataflow,
  runs: readonly Trouble[],
  options: { readonly store: MemoryStore; readonly ticksPerSnapshot: number },
): Promise<void> {
  for (const [at, workers, drains, order] of runs) {
    await run(build(), {
      ...options,
      workers,
      roundsPerTick: 2,
      ...(order === undefined ? {} : { seed: order }),
      ...(drains ? { drainAfter: at } : { crashAfter: at }),
    });
  }
}
