import { expect, test } from "vitest";
import { Dataflow } from "../../../runtime/flow/index.ts";
import type { PartitionedSource } from "../../../runtime/flow/source.ts";
import { PAUSE, runMain, testSink, testSource } from "../../../runtime/testing/index.ts";

/** Gives nothing the first few times, at once or by promise. */
function hesitant(promises: boolean): PartitionedSource<string, number> {
  return {
    kind: "partitioned",
    listParts: () => ["only"],
    buildPart() {
      let asked = 0;
      const read = (): string[] | null => (++asked < 4 ? [] : asked === 4 ? ["at last"] : null);
      return { nextBatch: () => (promises ? Promise.resolve().then(read) : read()), snapshot: () => asked };
    },
  };
}

test.each([
  [0, false],
  [0, true],
  [200, false],
  [200, true],
])(
  "a source that had nothing is asked again though the run's clock stands still (epochs of %d ms, promises: %s)",
  async (epochMs, promises) => {
    const out: string[] = [];
    const flow = new Dataflow("still");
    flow.input("in", hesitant(promises)).output("out", testSink(out));
    await runMain(flow, { epochMs, now: () => 5 });
    expect(out).toEqual(["at last"]);
  },
);

test("PAUSE keeps real time while the run's clock stands still", async () => {
  const out: number[] = [];
  const flow = new Dataflow("paused");
  flow.input("in", testSource([1, new PAUSE(20), 2])).output("out", testSink(out));
  await runMain(flow, { epochMs: 0, now: () => 5 });
  expect(out).toEqual([1, 2]);
});
