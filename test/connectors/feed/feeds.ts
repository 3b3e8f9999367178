/** What the tests of both feeds ask of a source: to be read to its end, to count once in state, to refuse options that make no sense. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { Dataflow, type PartitionedSource, type SourcePart } from "../../../runtime/flow/index.ts";
import { runMain, testSink } from "../../../runtime/testing/index.ts";

export async function rest<T>(part: Pick<SourcePart<T, unknown>, "nextBatch">): Promise<T[]> {
  const items: T[] = [];
  for (;;) {
    const batch = await part.nextBatch();
    if (batch === null) return items;
    items.push(...batch);
  }
}

export const failure = (message: RegExp) =>
  expect.objectContaining({ code: "WEIR_SOURCE_FAILED", message: expect.stringMatching(message) as string });

/** The sum of all numbers, kept by a flow that fails at the 20th of its first life and at the 30th of its second. */
export async function sumThroughFailures(source: () => PartitionedSource<number, any>): Promise<number | undefined> {
  const directory = mkdtempSync(join(tmpdir(), "weir-feed-"));
  const totals: number[] = [];
  const run = (failAt: number): Promise<void> => {
    let boom = failAt;
    const flow = new Dataflow("feed");
    flow
      .input("in", source())
      .map("boom", (n) => {
        if (boom-- === 0) throw new Error("boom");
        return n;
      })
      .keyBy("all", () => "all")
      .statefulMap("sum", (sum: number | undefined, n) => [(sum ?? 0) + n, (sum ?? 0) + n])
      .unkey("sums")
      .output("out", testSink(totals));
    return runMain(flow, { epochMs: 0, recovery: { store: `file://${directory}`, snapshotMs: 0, partitions: 4 } });
  };
  try {
    await expect(run(20)).rejects.toMatchObject({ step: "boom" });
    await expect(run(30)).rejects.toMatchObject({ step: "boom" });
    await run(Infinity);
  } finally {
    rmSync(directory, { recursive: true });
  }
  return totals.at(-1);
}

/** @param build throws a flow option's error, which shows no "hush" */
export function expectRefused(build: () => unknown): void {
  try {
    build();
  } catch (error) {
    expect(error).toMatchObject({ code: "WEIR_FLOW_OPTION" });
    expect((error as Error).message).not.toContain("hush");
    return;
  }
  expect.unreachable();
}
