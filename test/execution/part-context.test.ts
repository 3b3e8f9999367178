/** What parts of sources are told besides their position: that they appeared late, and what was committed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { Dataflow, type PartitionedSource } from "../../runtime/index.ts";
import { runMain, type RunOptions, testSink } from "../../runtime/testing/index.ts";

const scratch = mkdtempSync(join(tmpdir(), "weir-parts-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Seen {
  readonly built: [part: string, resume: number | undefined, appeared: boolean | undefined][];
  readonly committed: [part: string, position: number][];
}
/** @param told a part ends when it was told of a commit, however long that takes */
function counting(parts: () => string[], length: number, seen: Seen, told: boolean): PartitionedSource<number, number> {
  return {
    kind: "partitioned",
    listParts: parts,
    async buildPart(part, resume, context) {
      // Long enough for epochs to pass meanwhile.
      await later(60);
      seen.built.push([part, resume, context?.appeared]);
      let at = resume ?? 0;
      return {
        async nextBatch() {
          await later(2);
          if (at < length) return [at++];
          return told && !seen.committed.some(([name]) => name === part) ? [] : null;
        },
        snapshot: () => at,
        committed: (position) => void seen.committed.push([part, position]),
      };
    },
  };
}
async function runOnce(parts: () => string[], length: number, options: RunOptions): Promise<Seen> {
  const seen: Seen = { built: [], committed: [] };
  const flow = new Dataflow("parts");
  flow.input("in", counting(parts, length, seen, options.recovery !== undefined)).output("out", testSink<number>([]));
  await runMain(flow, { epochMs: 5, ...options });
  return { built: seen.built.toSorted(), committed: seen.committed };
}

test.each([1, 2])("with %i workers", async (workers) => {
  const recovery = { store: `file://${join(scratch, `store-${workers}`)}`, snapshotMs: 10 };
  const first = await runOnce(() => ["a", "b"], 20, { recovery, workers });
  expect(first.built).toEqual([
    ["a", undefined, false],
    ["b", undefined, false],
  ]);
  // Positions grow, and the last one, of a part that is closed by then, is told too.
  for (const part of ["a", "b"]) {
    const positions = first.committed.filter(([name]) => name === part).map(([, position]) => position);
    expect(positions.length).toBeGreaterThan(1);
    expect(positions).toEqual(positions.toSorted((x, y) => x - y));
    expect(positions.at(-1)).toBe(20);
  }
  const second = await runOnce(() => ["a", "b", "c"], 25, { recovery, workers });
  expect(second.built).toEqual([
    ["a", 20, false],
    ["b", 20, false],
    ["c", undefined, true],
  ]);
});

test("a part that appears while the flow runs is told so", async () => {
  let lists = 0;
  const { built } = await runOnce(() => (lists++ === 0 ? ["a"] : ["a", "late"]), 5, {});
  expect(built).toEqual([
    ["a", undefined, false],
    ["late", undefined, true],
  ]);
});

test("nothing is committed without recovery", async () => {
  expect((await runOnce(() => ["a"], 5, {})).committed).toEqual([]);
});

test("no snapshot leaves out a part that is still being built, which would pass for one that appeared later", async () => {
  const recovery = { store: `file://${join(scratch, "slow")}`, snapshotMs: 5 };
  const built: unknown[] = [];
  const run = (crash: boolean): Promise<void> => {
    const flow = new Dataflow("slow");
    const source: PartitionedSource<number, number> = {
      kind: "partitioned",
      listParts: () => ["quick", "slow"],
      async buildPart(part, resume, context) {
        built.push([part, resume, context?.appeared]);
        if (part === "slow") await later(250);
        if (part === "slow" && crash) throw new Error("crash");
        let at = resume ?? 0;
        return {
          async nextBatch() {
            await later(2);
            return at < 60 ? [at++] : null;
          },
          snapshot: () => at,
        };
      },
    };
    flow.input("in", source).output("out", testSink<number>([]));
    return runMain(flow, { epochMs: 2, recovery });
  };
  await expect(run(true)).rejects.toThrow();
  await run(false);
  expect(built.slice(2).toSorted()).toEqual([
    ["quick", undefined, false],
    ["slow", undefined, false],
  ]);
});
