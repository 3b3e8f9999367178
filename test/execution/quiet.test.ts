/** A flow to which nothing comes for a while has longer epochs; whatever comes or wakes then is on its way at once. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { Dataflow, type PartitionedSource, type TransactionalSink } from "../../runtime/index.ts";
import { runCluster, runMain } from "../../runtime/testing/index.ts";

const scratch = mkdtempSync(join(tmpdir(), "weir-quiet-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Epochs of this length; after some of them in which nothing came they last a second. */
const epochMs = 20;
const longMs = 400;

interface Seen {
  readonly value: number;
  readonly epoch: number;
  readonly lateMs: number;
}

/** Gives the time at which each of two records is due, a long while apart; the input goes on for another. */
function rare(): PartitionedSource<number, number> {
  return {
    kind: "partitioned",
    listParts: () => ["only"],
    buildPart() {
      let next = 0;
      const start = Date.now();
      const dueAt = (): number => start + next * longMs;
      return {
        nextBatch() {
          if (next === 2) return null;
          return [start + next++ * longMs];
        },
        nextAwake: dueAt,
        snapshot: () => next,
      };
    },
  };
}

/** Without a store, what was prepared at the close of an epoch is committed: so this tells when epochs end. */
function closes(seen: Seen[], epochs: Map<number, number>): TransactionalSink<number, number[]> {
  return {
    kind: "transactional",
    build: () => {
      const written: number[] = [];
      return {
        writeBatch: (items) => void written.push(...items),
        prepare(epoch) {
          for (const value of written) epochs.set(value, epoch);
          return written.splice(0);
        },
      };
    },
    commit(values) {
      for (const value of values) seen.push({ value, epoch: epochs.get(value)!, lateMs: Date.now() - value });
    },
    abort() {},
  };
}

test.each([1, 2])("a record that comes after a while is through its epoch at once, on %i workers", async (workers) => {
  const seen: Seen[] = [];
  const flow = new Dataflow("quiet");
  flow.input("in", rare()).redistribute("spread").output("out", closes(seen, new Map()));
  await runMain(flow, { epochMs, workers });
  expect(seen).toHaveLength(2);
  // Of epochs that were not longer some twenty had passed.
  expect(seen[1]!.epoch - seen[0]!.epoch).toBeLessThan(15);
  for (const { lateMs } of seen) expect(lateMs).toBeLessThan(longMs * 0.75);
});

test("what a key does when it is woken is through its epoch at once", async () => {
  const seen: Seen[] = [];
  const flow = new Dataflow("alarm");
  flow
    .input("in", rare())
    .keyBy("key", String)
    .stateful("alarm", () => {
      let at: number | undefined;
      return {
        onItem: (value: number) => void (at = value + longMs / 2),
        onNotify() {
          const emit = [at!];
          at = undefined;
          return { emit };
        },
        notifyAt: () => at,
        snapshot: () => at ?? 0,
      };
    })
    .unkey("values")
    .output("out", closes(seen, new Map()));
  await runMain(flow, { epochMs });
  expect(seen.length).toBeGreaterThan(0);
  for (const { lateMs } of seen) expect(lateMs).toBeLessThan(longMs * 0.5);
});

test("a record that comes to one process ends the long epoch of all", { timeout: 60_000 }, async () => {
  const module = join(scratch, "flow.ts");
  const times = join(scratch, "times");
  writeFileSync(
    module,
    `import { appendFileSync } from "node:fs";
import { Dataflow } from "weir";
const source = {
  kind: "dynamic",
  build(index) {
    const start = Date.now();
    let given = index === 0;
    return {
      nextBatch() {
        if (given) return Date.now() < start + 1500 ? [] : null;
        if (Date.now() < start + 700) return [];
        given = true;
        return [Date.now()];
      },
      nextAwake: () => start + (given ? 1500 : 700),
    };
  },
};
const sink = {
  kind: "transactional",
  build() {
    let written = [];
    return { writeBatch: (items) => void written.push(...items), prepare: () => written.splice(0) };
  },
  commit(values) {
    for (const value of values) appendFileSync(${JSON.stringify(times)}, Date.now() - value + "\\n");
  },
  abort() {},
};
const flow = new Dataflow("quiet");
flow.input("in", source).output("out", sink);
export default flow;
`,
  );
  await runCluster(module, { processes: 2, epochMs });
  const late = readFileSync(times, "utf8").trim().split("\n").map(Number);
  expect(late).toHaveLength(1);
  expect(late[0]).toBeLessThan(300);
});
