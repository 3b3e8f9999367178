import { expect, test } from "vitest";
import { Dataflow, type DynamicSink, type PartitionedSource } from "../../../runtime/index.ts";
import { runMain } from "../../../runtime/testing/index.ts";

test("records of a megabyte wait by the dozen in front of a slow sink, not by the thousand", async () => {
  // One text for all: what is counted is how many are under way.
  const text = "x".repeat(1 << 20);
  let read = 0;
  let written = 0;
  let most = 0;
  const source: PartitionedSource<string, number> = {
    kind: "partitioned",
    listParts: () => ["only"],
    buildPart: () => ({
      nextBatch() {
        if (read >= 400) return null;
        read += 4;
        most = Math.max(most, read - written);
        return [text, text, text, text];
      },
      snapshot: () => read,
    }),
  };
  const sink: DynamicSink<string> = {
    kind: "dynamic",
    build: () => ({
      async writeBatch(items) {
        await new Promise((resolve) => setTimeout(resolve, 2));
        written += items.length;
      },
    }),
  };
  const flow = new Dataflow("heavy");
  flow.input("in", source).output("out", sink);
  await runMain(flow);
  expect(written).toBe(400);
  expect(most).toBeGreaterThan(20);
  expect(most).toBeLessThan(100);
});
