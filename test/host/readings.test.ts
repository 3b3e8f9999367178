import { expect, test } from "vitest";
import type { FlowWorker } from "../../runtime/execution/index.ts";
import type { SourceReader } from "../../runtime/flow/index.ts";
import { readWorkers } from "../../runtime/host/readings.ts";

const workerOf = (readers: Record<string, Pick<SourceReader, "lag" | "troubles">>): FlowWorker =>
  ({ readers: () => Object.entries(readers), metrics: () => undefined, queuedBytes: () => 7 }) as unknown as FlowWorker;

test("a source that does not say its lag, or not in a second, holds up nobody who asks for the status", async () => {
  const asked = performance.now();
  const { sources, queueBytes } = await readWorkers(
    [
      workerOf({
        well: { lag: () => new Map([["p", 3]]), troubles: () => new Map() },
        away: { lag: () => new Promise(() => undefined), troubles: () => new Map([["q", "503"]]) },
        broken: { lag: () => Promise.reject(new Error("no lag")), troubles: () => new Map() },
        both: {
          lag: async () =>
            new Map([
              ["r", 4],
              ["s", 5],
            ]),
          troubles: () => new Map([["s", "cut off"]]),
        },
      }),
    ],
    0,
  );
  expect(sources).toEqual([
    { step: "well", part: "p", lag: 3 },
    { step: "away", part: "q", trouble: "503" },
    { step: "both", part: "r", lag: 4 },
    { step: "both", part: "s", lag: 5, trouble: "cut off" },
  ]);
  expect(queueBytes).toBe(7);
  expect(performance.now() - asked).toBeLessThan(5_000);
});
