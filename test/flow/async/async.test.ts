import { expect, test } from "vitest";
import { Dataflow } from "../../../runtime/flow/index.ts";
import { arraySink, listSource, MemoryStore, run } from "../harness.ts";

const later = <T>(value: T, ms: number) => new Promise<T>((resolve) => setTimeout(() => resolve(value), ms));
const numbers = Array.from({ length: 30 }, (_, i) => i);

for (const ordered of [true, false]) {
  test(`mapAsync, ${ordered ? "ordered" : "unordered"}: at most \`concurrency\` at a time, nothing lost`, async () => {
    let flying = 0;
    let most = 0;
    const out: number[] = [];
    const flow = new Dataflow("async");
    flow
      .input("in", listSource([numbers], 7))
      .mapAsync(
        "m",
        async (n) => {
          most = Math.max(most, ++flying);
          await later(0, n % 5);
          flying--;
          return n * 2;
        },
        { concurrency: 4, ordered },
      )
      .output("out", arraySink(out));
    await run(flow);
    expect(ordered ? out : out.toSorted((a, b) => a - b)).toEqual(numbers.map((n) => n * 2));
    expect(most).toBe(4);
  });
}

test("mapAsync is through with an epoch before its snapshot commits", async () => {
  for (let crashAfter = 6; crashAfter < 40; crashAfter += 7) {
    const store = new MemoryStore();
    const build = () => {
      const flow = new Dataflow("async");
      flow
        .input("in", listSource([numbers], 2))
        .mapAsync("m", (n) => later(n, n % 3))
        .keyBy("k", () => "k")
        .statefulMap("sum", (sum: number | undefined, n) => [(sum ?? 0) + n, 0])
        .output("out", arraySink([]));
      return flow;
    };
    await run(build(), { store, crashAfter, ticksPerSnapshot: 1, roundsPerTick: 2 });
    await run(build(), { store, workers: 2 });
    expect(store.decoded("sum")).toEqual({ k: 435 });
  }
});

test("mapAsync that rejects names the step and keeps the cause", async () => {
  const flow = new Dataflow("async");
  flow
    .input("in", listSource([[1]]))
    .mapAsync("m", () => Promise.reject(new Error("gone")))
    .output("out", arraySink([]));
  await expect(run(flow)).rejects.toMatchObject({ code: "WEIR_STEP_FAILED", step: "m", cause: { message: "gone" } });
});

test("enrichCached asks once per key while entries live", async () => {
  const now = 0;
  const asked: string[] = [];
  const out: string[] = [];
  const flow = new Dataflow("enrich");
  flow
    .input("in", listSource([["a", "b", "a", "a", "b", "a", "a", "a"]], 1))
    .enrichCached(
      "e",
      async (key: string) => {
        asked.push(key);
        return later(key.toUpperCase(), 1);
      },
      async (get, item: string) => `${item}${await get(item)}`,
      { ttlMs: 1e9 },
    )
    .output("out", arraySink(out));
  await run(flow, { now: () => now });
  expect(asked.toSorted()).toEqual(["a", "b"]);
  expect(out).toEqual(["aA", "bB", "aA", "aA", "bB", "aA", "aA", "aA"]);
});

test("enrichCached asks again for what is older than its life", async () => {
  let now = 0;
  let asked = 0;
  const out: number[] = [];
  const flow = new Dataflow("enrich");
  flow
    .input("in", listSource([numbers], 1))
    .map("clock", (n) => (now = n))
    .enrichCached(
      "e",
      () => ++asked,
      (get) => get("k") as number,
      { ttlMs: 10 },
    )
    .output("out", arraySink(out));
  await run(flow, { now: () => now });
  // An entry lives while its age is at most 10: made at 0, 11 and 22.
  expect(asked).toBe(3);
  expect(out.slice(9, 13)).toEqual([1, 1, 2, 2]);
});
