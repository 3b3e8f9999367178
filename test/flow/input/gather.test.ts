import { describe, expect, test } from "vitest";
import { Dataflow, lazyBatch, type PartitionedSource, type Stream } from "../../../runtime/flow/index.ts";
import { arraySink, listSource, MemoryStore, run } from "../harness.ts";

const count = 20_000;
const numbers = Array.from({ length: count }, (_, i) => i);

/** 0 … `count` - 1, made when they are read; `made` counts how often each was. */
function lazySource(batch: number, made = new Int32Array(count)): PartitionedSource<number, number> {
  const make = (i: number): number => {
    made[i]!++;
    return i;
  };
  return {
    kind: "partitioned",
    listParts: () => ["only"],
    buildPart(_part, resume = 0) {
      let next = resume;
      return {
        nextBatch() {
          if (next >= count) return null;
          const length = Math.min(batch, count - next);
          next += length;
          return lazyBatch(next - length, length, make);
        },
        snapshot: () => next,
      };
    },
  };
}

/** What comes out of a flow of one input, and how often each record was made. */
async function through(build: (stream: Stream<number>) => Stream<unknown>, batch = 1_000) {
  const out: unknown[] = [];
  const made = new Int32Array(count);
  const flow = new Dataflow("lazy");
  build(flow.input("in", lazySource(batch, made))).output("out", arraySink(out) as never);
  const { lowered } = await run(flow);
  return { out, made, steps: lowered[0]!.metrics.steps };
}

describe("records of a lazy batch are made once, in order,", () => {
  test.each<[string, (stream: Stream<number>) => Stream<unknown>, readonly unknown[]]>([
    ["by nothing but an output", (s) => s, numbers],
    ["by a map", (s) => s.map("double", (n) => n * 2), numbers.map((n) => n * 2)],
    ["by a filter", (s) => s.filter("even", (n) => n % 2 === 0), numbers.filter((n) => n % 2 === 0)],
    ["by a keyBy, whose values are the records", (s) => s.keyBy("key", (n) => `k${n}`), numbers.map((n) => [`k${n}`, n])],
    ["by a flatMap", (s) => s.flatMap("twice", (n) => [n, n]), numbers.flatMap((n) => [n, n])],
    ["by a flatMapBatch", (s) => s.flatMapBatch("all", (batch) => batch), numbers],
    ["by an inspect", (s) => s.inspect("look", () => {}), numbers],
    ["by a merge", (s) => s.merge("alone"), numbers],
    [
      "by two steps, which see the same records",
      (s) =>
        s
          .filter("even", (n) => n % 2 === 0)
          .merge(
            "both",
            s.filter("odd", (n) => n % 2 === 1),
          ),
      numbers,
    ],
    ["by a step that is no part of a chain", (s) => s.redistribute("apart"), numbers],
  ])("%s", async (_what, build, expected) => {
    const { out, made } = await through(build);
    const sorted = (items: readonly unknown[]) =>
      typeof items[0] === "number" ? (items as number[]).toSorted((a, b) => a - b) : items;
    expect(sorted(out)).toEqual(sorted(expected));
    expect(made.every((times) => times === 1)).toBe(true);
  });
});

test.each([
  [0.5, 1, String],
  ["0", 1, String],
  [0, -1, String],
  [0, NaN, String],
  [0, 1, undefined],
])("lazyBatch(%j, %j, %o) is refused", (first, length, make) => {
  expect(() => lazyBatch(first as never, length, make as never)).toThrow(expect.objectContaining({ code: "WEIR_FLOW_OPTION" }));
});

test("a lazy batch that is longer than a chunk is cut", async () => {
  let most = 0;
  const { out } = await through(
    (s) =>
      s.flatMapBatch("look", (batch) => {
        most = Math.max(most, batch.length);
        return batch;
      }),
    count,
  );
  expect(out).toEqual(numbers);
  expect(most).toBeLessThanOrEqual(8_192);
});

test("an input counts what it reads, and the chain that runs with it what each step takes", async () => {
  const { steps } = await through((s) => s.filter("even", (n) => n % 2 === 0).map("half", (n) => n / 2));
  expect(steps.map(({ step, recordsIn, recordsOut }) => [step, recordsIn, recordsOut])).toEqual([
    ["in", count, count],
    ["even", count, count / 2],
    ["half", count / 2, count / 2],
    ["out", count / 2, 0],
  ]);
});

test("time that a chain takes with its input is its steps', not the input's", async () => {
  const flow = new Dataflow("busy");
  const until = (ms: number) => {
    for (const start = performance.now(); performance.now() - start < ms;);
  };
  flow
    .input("in", listSource([[1, 2, 3, 4]]))
    .map("slow", (n) => {
      until(5);
      return n;
    })
    .output("out", arraySink<number>([]));
  const { lowered } = await run(flow);
  const [input, slow] = lowered[0]!.metrics.steps;
  expect(slow!.busySeconds).toBeGreaterThan(0.019);
  expect(input!.busySeconds).toBeGreaterThanOrEqual(0);
  expect(input!.busySeconds).toBeLessThan(0.019);
});

test("each outlet of a chain that runs with its input gets what is for it, and none loses an epoch", async () => {
  const out: Record<string, number[]> = { small: [], large: [], all: [] };
  const store = new MemoryStore();
  const flow = new Dataflow("outlets");
  const shifted = flow.input("in", lazySource(500)).map("shift", (n) => n + 1);
  const { trues, falses } = shifted.branch("size", (n) => n <= count / 2);
  trues.output("small", arraySink(out.small!));
  falses.output("large", arraySink(out.large!));
  shifted.output("all", arraySink(out.all!));
  await run(flow, { store });
  expect(out.small).toEqual(numbers.slice(0, count / 2).map((n) => n + 1));
  expect(out.large).toEqual(numbers.slice(count / 2).map((n) => n + 1));
  expect(out.all).toEqual(numbers.map((n) => n + 1));
});

test.each([1, 3, 7, 12])(
  "a crash after %d rounds between input and chain loses nothing and doubles nothing in state",
  async (rounds) => {
    const store = new MemoryStore();
    const flow = () => {
      const made = new Dataflow("sums");
      made
        .input("in", lazySource(100))
        .keyBy("key", (n) => `k${n % 10}`)
        .statefulMap("sum", (sum: number | undefined, n) => [(sum ?? 0) + n, n])
        .output("out", arraySink<[string, number]>([]) as never);
      return made;
    };
    await run(flow(), { store, crashAfter: rounds, roundsPerTick: 2 });
    await run(flow(), { store });
    const sums = Object.values(store.decoded("sum")) as number[];
    expect(sums.reduce((a, b) => a + b)).toBe((count * (count - 1)) / 2);
  },
);
