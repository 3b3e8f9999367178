import { expect, test } from "vitest";
import { Dataflow, type Keyed, type Stream } from "../../../runtime/flow/index.ts";
import { arraySink, listSource, run } from "../harness.ts";

/** Runs a chain over items and gives what comes out. */
async function through<T, U>(items: readonly T[], build: (stream: Stream<T>) => Stream<U>, batchSize = 3): Promise<U[]> {
  const out: U[] = [];
  const flow = new Dataflow("chain");
  build(flow.input("in", listSource([items], batchSize))).output("out", arraySink<U>(out) as never);
  await run(flow);
  return out;
}
const numbers = [0, 1, 2, 3, 4, 5, 6, 7];

test("map, filter, flatMap and flatten", async () => {
  const out = await through(numbers, (s) =>
    s
      .map("times", (n) => n * 10)
      .filter("big", (n) => n >= 50)
      .flatMap("around", (n) => new Set([n - 1, n + 1]))
      .map("lists", (n) => [n, n])
      .flatten("flat"),
  );
  expect(out).toEqual([49, 49, 51, 51, 59, 59, 61, 61, 69, 69, 71, 71]);
});

test("filterMap drops undefined only", async () => {
  const falsy = [undefined, null, 0, "", false, Number.NaN];
  expect(await through(falsy, (s) => s.filterMap("f", (x) => x))).toEqual(falsy.slice(1));
});

test("flatMapBatch sees batches and may return any iterable", async () => {
  const out = await through(numbers, (s) => s.map("m", (n) => n).flatMapBatch("sum", (batch) => [batch.reduce((a, b) => a + b)]));
  expect(out.reduce((a, b) => a + b)).toBe(28);
});

test("branch sends each item one way", async () => {
  const out: string[] = [];
  const flow = new Dataflow("branch");
  const { trues, falses } = flow.input("in", listSource([numbers])).branch("even", (n) => n % 2 === 0);
  trues.map("t", (n) => `even ${n}`).output("o1", arraySink(out));
  falses.map("f", (n) => `odd ${n}`).output("o2", arraySink(out));
  await run(flow);
  expect(out.toSorted()).toEqual(numbers.map((n) => `${n % 2 === 0 ? "even" : "odd"} ${n}`).toSorted());
});

test("a stream may be consumed many times", async () => {
  const out = await through(numbers, (s) => {
    const doubled = s.map("double", (n) => n * 2);
    return doubled.merge(
      "all",
      doubled,
      doubled.map("negative", (n) => -n),
      s,
    );
  });
  expect(out.toSorted((a, b) => a - b)).toEqual(numbers.flatMap((n) => [n * 2, n * 2, -n * 2, n]).toSorted((a, b) => a - b));
});

test("keyed streams are pairs to steps that take items, and keys and values to those that do not", async () => {
  const out = await through(["aa", "b", "cc"], (s) =>
    s
      .keyBy("length", (word) => String(word.length))
      .mapValue("upper", (word) => word.toUpperCase())
      .filterValue("not B", (word) => word !== "B")
      .flatMapValue("letters", (word) => word)
      .filterMapValue("no a", (letter) => (letter === "A" ? undefined : letter)),
  );
  expect(out).toEqual([
    ["2", "C"],
    ["2", "C"],
  ]);
  const pairs = await through(["aa", "b"], (s) =>
    s
      .keyBy("k", (w) => w)
      .inspect("see", () => undefined)
      .map("swap", ([key, value]) => [value, key.length]),
  );
  expect(pairs).toEqual([
    ["aa", 2],
    ["b", 1],
  ]);
  expect(await through(["aa"], (s) => s.keyBy("k", (w) => w[0]!).unkey("u"))).toEqual(["aa"]);
});

test("asKeyed reads pairs, also where keyed and unkeyed chunks meet", async () => {
  const out = await through([1, 2], (s) => {
    const keyed = s.keyBy("k", String);
    const pairs: Stream<Keyed<number>> = s.map("pair", (n) => ["p", n] as const);
    return keyed
      .merge("m", pairs)
      .asKeyed()
      .mapValue("v", (n) => n * 2);
  });
  expect(out.toSorted()).toEqual([
    ["1", 2],
    ["2", 4],
    ["p", 2],
    ["p", 4],
  ]);
});

test("inspect sees items, inspectDebug also epoch and worker", async () => {
  const seen: unknown[] = [];
  await through([7], (s) =>
    s
      .keyBy("k", String)
      .inspect("a", (...all) => seen.push(all))
      .inspectDebug("b", (...all) => seen.push(all)),
  );
  expect(seen).toEqual([
    ["a", ["7", 7]],
    ["b", ["7", 7], 1, 0],
  ]);
});

test("a map after keyBy does not see the tuples of another consumer", async () => {
  const out = await through([1], (s) => {
    const keyed = s.keyBy("k", String);
    const { trues, falses } = keyed.branch("b", ([key]) => key === "1");
    return trues
      .map("t", (pair): number => pair.length)
      .merge(
        "m",
        falses.map("f", (): number => 0),
        keyed.map("n", ([, n]) => n),
      );
  });
  expect(out.toSorted()).toEqual([1, 2]);
});

test("long lists leave in several chunks, none lost", async () => {
  const out = await through([1, 2, 3], (s) =>
    s.flatMap("many", () => Array.from({ length: 9_000 }, (_, i) => i)).filter("f", (i) => i >= 0),
  );
  expect(out.length).toBe(27_000);
});

const failures: [string, string, (stream: Stream<any>) => Stream<any> | void][] = [
  ["WEIR_STEP_FAILED", "boom", (s) => s.map("ok", (x) => x).map("boom", () => JSON.parse("{"))],
  ["WEIR_PREDICATE_NOT_BOOLEAN", "truthy", (s) => s.filter("truthy", () => 1 as never)],
  ["WEIR_PREDICATE_NOT_BOOLEAN", "branch", (s) => s.branch("branch", () => undefined as never).trues],
  ["WEIR_PREDICATE_NOT_BOOLEAN", "value", (s) => s.keyBy("k", String).filterValue("value", () => "yes" as never)],
  ["WEIR_KEY_NOT_STRING", "key", (s) => s.keyBy("key", (x) => x)],
  ["WEIR_NOT_ITERABLE", "flat", (s) => s.flatten("flat")],
  ["WEIR_NOT_ITERABLE", "none", (s) => s.flatMap("none", () => undefined as never)],
  ["WEIR_NOT_A_PAIR", "next", (s) => s.asKeyed().mapValue("next", (x) => x)],
  ["WEIR_NOT_A_PAIR", "count", (s) => s.asKeyed().countFinal("count")],
  ["WEIR_RAISED", "never", (s) => s.raises("never")],
];
for (const [code, step, build] of failures) {
  test(`${code} names step "${step}"`, async () => {
    const flow = new Dataflow("failing");
    const out = build(flow.input("in", listSource([[1, 2]])));
    out?.output("out", arraySink([]) as never);
    await expect(run(flow)).rejects.toMatchObject({ name: "WeirError", code, step });
  });
}

test("the cause of a failed step is the user's own error", async () => {
  const own = new RangeError("mine");
  const flow = new Dataflow("failing");
  flow
    .input("in", listSource([[1]]))
    .map("boom", () => {
      throw own;
    })
    .output("out", arraySink([]));
  const error = await run(flow).catch((e) => e);
  expect(error.cause).toBe(own);
  expect(error.message).toBe('Step "boom" failed: RangeError: mine');
});

test("each step counts its own records", async () => {
  const flow = new Dataflow("counts");
  flow
    .input("in", listSource([numbers]))
    .filter("even", (n) => n % 2 === 0)
    .flatMap("thrice", (n) => [n, n, n])
    .keyBy("k", String)
    .output("out", arraySink([]));
  const { lowered } = await run(flow);
  const counts = lowered[0]!.metrics.steps.map(({ step, recordsIn, recordsOut }) => [step, recordsIn, recordsOut]);
  expect(counts).toEqual([
    ["in", 8, 8],
    ["even", 8, 4],
    ["thrice", 4, 12],
    ["k", 12, 12],
    ["out", 12, 0],
  ]);
});

test("steps behind one another that drop records count what reaches each of them, on both sides of a branch", async () => {
  const flow = new Dataflow("drops");
  const { trues, falses } = flow
    .input("in", listSource([numbers]))
    .flatMap("twice", (n) => [n, n])
    .filterMap("not 1", (n) => (n === 1 ? undefined : n))
    .filter("not 2", (n) => n !== 2)
    .branch("even", (n) => n % 2 === 0);
  const small = trues.filter("small", (n) => n < 5);
  const paired = falses.keyBy("k", String).filterMapValue("not 3", (n) => (n === 3 ? undefined : n));
  small.output("a", arraySink([]));
  paired.output("b", arraySink([]));
  const { lowered } = await run(flow);
  const counts = lowered[0]!.metrics.steps.map(({ step, recordsIn, recordsOut }) => [step, recordsIn, recordsOut]);
  const twice = numbers.flatMap((n) => [n, n]);
  const reached = twice.filter((n) => n !== 1 && n !== 2);
  const even = reached.filter((n) => n % 2 === 0);
  const odd = reached.filter((n) => n % 2 !== 0);
  const isSmall = even.filter((n) => n < 5);
  const notThree = odd.filter((n) => n !== 3);
  expect(counts).toEqual([
    ["in", numbers.length, numbers.length],
    ["twice", numbers.length, twice.length],
    ["not 1", twice.length, twice.filter((n) => n !== 1).length],
    ["not 2", twice.filter((n) => n !== 1).length, reached.length],
    ["even", reached.length, reached.length],
    ["small", even.length, isSmall.length],
    ["k", odd.length, odd.length],
    ["not 3", odd.length, notThree.length],
    ["a", isSmall.length, 0],
    ["b", notThree.length, 0],
  ]);
});

test("a chain may be as long as its flow", async () => {
  const steps = 2_000;
  const out = await through(numbers, (s) => {
    let stream = s;
    for (let i = 0; i < steps; i++)
      stream = i % 500 === 499 ? stream.filter(`f${i}`, () => true) : stream.map(`m${i}`, (n) => n + 1);
    return stream;
  });
  expect(out).toEqual(numbers.map((n) => n + steps - 4));
});
