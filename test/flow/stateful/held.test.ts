import { expect, test } from "vitest";
import { Dataflow, type PartitionedSource, type StatefulBatchLogic } from "../../../runtime/flow/index.ts";
import { arraySink, listSource, MemoryStore, run } from "../harness.ts";

const count = 200_000;
const batchSize = 4_096;
/** What a step handles in one run, with the chunk that goes over. */
const runAtMost = 4 * 8_192 + batchSize;
/** What a step encodes in one run: keys that change before their turn has come, and a slice of the others. */
const rowsAtMost = 4_096 + batchSize + 2_048;

/** Of a counter's values. */
const longestStep = (values: readonly number[]): number => Math.max(...values.map((value, i) => value - (values[i - 1] ?? 0)));

/**
 * Two inputs of one step. `slow` keeps its first epoch open by a read that takes long; until `fast` has given all its records they
 * are of later epochs, and are held. Then the read comes back.
 */
async function runWithHeldRecords() {
  const store = new MemoryStore();
  let comeBack: ((batch: null) => void) | undefined;
  let handled = 0;
  let round = 0;
  const slow: PartitionedSource<readonly [string, number], number> = {
    kind: "partitioned",
    listParts: () => ["slow"],
    buildPart(_part, resume) {
      let at = resume ?? 0;
      return {
        nextBatch() {
          if (at++ === 0) return [["a", -1]];
          return new Promise<null>((resolve) => (comeBack = resolve));
        },
        snapshot: () => at,
      };
    },
  };
  const fast: PartitionedSource<readonly [string, number], number> = {
    kind: "partitioned",
    listParts: () => ["fast"],
    buildPart(_part, resume) {
      let at = resume ?? 0;
      return {
        nextBatch() {
          // Not before the other one's epoch is held open.
          if (comeBack === undefined || round < 20) return [];
          if (at >= count) {
            comeBack(null);
            return null;
          }
          const batch = Array.from({ length: Math.min(batchSize, count - at) }, (_, i) => ["a", at + i] as const);
          at += batch.length;
          return batch;
        },
        snapshot: () => at,
      };
    },
  };
  const out: (readonly [string, number])[] = [];
  const perRound: number[] = [];
  const flow = new Dataflow("flow");
  flow
    .input("slow", slow)
    .merge("both", flow.input("fast", fast))
    .asKeyed()
    .statefulMap("number", (last: number | undefined, n) => {
      handled++;
      return [n, last === undefined ? n : n - last];
    })
    .output("out", arraySink(out));
  const onRound = (now: number): void => {
    round = now;
    perRound.push(handled);
  };
  await run(flow, { store, ticksPerSnapshot: 1, onRound });
  return { out, perRound, store };
}

test("records held for an epoch are handled in slices, in the order in which they came", async () => {
  const { out, perRound, store } = await runWithHeldRecords();
  expect(longestStep(perRound)).toBeLessThanOrEqual(runAtMost);
  expect(out.length).toBe(count + 1);
  expect(out.filter(([, difference], i) => i > 0 && difference !== 1)).toEqual([]);
  expect(store.decoded("number")).toEqual({ a: count - 1 });
});

test("while a snapshot is recorded a run handles less, since each record may have to record its key first", async () => {
  const keys = 60_000;
  const rounds = 4;
  const pairs = Array.from({ length: rounds * keys }, (_, i) => [`k${i % keys}`, i] as const);
  let encoded = 0;
  const counting = (sum: number | undefined): StatefulBatchLogic<number, number, number> => {
    let total = sum ?? 0;
    return {
      onBatch(values) {
        total += values.length;
      },
      snapshot() {
        encoded++;
        return total;
      },
    };
  };
  const store = new MemoryStore();
  const perRound: number[] = [];
  const flow = new Dataflow("flow");
  flow
    .input("in", listSource([pairs], batchSize))
    .asKeyed()
    .statefulBatch("count", counting)
    .output("out", arraySink([]));
  await run(flow, { store, ticksPerSnapshot: 1, roundsPerTick: 20, onRound: () => void perRound.push(encoded) });
  expect(encoded).toBeGreaterThan(keys);
  expect(longestStep(perRound)).toBeLessThanOrEqual(rowsAtMost);
  expect(Object.values(store.decoded("count")).every((total) => total === rounds)).toBe(true);
  expect(Object.keys(store.decoded("count")).length).toBe(keys);
});
