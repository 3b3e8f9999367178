import { describe, expect, test } from "vitest";
import { Dataflow, type KeyedStream, type StatefulBatchLogic, type StatefulLogic } from "../../../runtime/flow/index.ts";
import { arraySink, listSource, MemoryStore, run, type RunOptions } from "../harness.ts";

type Pair<V> = readonly [string, V];
async function keyedRun<V, W>(
  lists: readonly (readonly Pair<V>[])[],
  build: (s: KeyedStream<V>) => KeyedStream<W>,
  options?: RunOptions,
  batch = 3,
) {
  const out: Pair<W>[] = [];
  const flow = new Dataflow("flow");
  build(flow.input("in", listSource(lists, batch)).asKeyed()).output("out", arraySink(out));
  await run(flow, options);
  return out;
}
const letters: Pair<number>[] = [..."abacabadbea"].map((letter, i) => [letter, i] as const);

test("statefulFlatMap emits any number and forgets on undefined", async () => {
  const pairs = await keyedRun([letters], (s) =>
    s.statefulFlatMap("every second", (seen: number | undefined, n) => (seen === undefined ? [n, []] : [undefined, [seen, n]])),
  );
  expect(pairs.filter(([key]) => key === "a").map(([, n]) => n)).toEqual([0, 2, 4, 6]);
});

test("a mapper that returns no pair is an error", async () => {
  for (const bad of [undefined, 7, [1], [1, 2, 3], "ab"]) {
    await expect(keyedRun([letters], (s) => s.statefulMap("bad", () => bad as never))).rejects.toMatchObject({
      code: "WEIR_BAD_RETURN",
      step: "bad",
    });
  }
});

const noOutcomes = [[1, 2], [], "text", 7, true, Promise.resolve(), new Map(), { emits: [1] }, () => ({ emit: [] })];
test.each(noOutcomes.map((bad) => [bad]))(
  "a logic that returns %o instead of an outcome is an error that shows it",
  async (bad) => {
    const logics: [string, Partial<StatefulLogic<number, number, number> & StatefulBatchLogic<number, number, number>>][] = [
      ["onItem", { onItem: () => bad as never }],
      ["onBatch", { onBatch: () => bad as never }],
      ["onEof", { onItem: () => {}, onEof: () => bad as never }],
      ["onNotify", { onItem: () => {}, notifyAt: () => 0, onNotify: () => bad as never }],
    ];
    for (const [method, callbacks] of logics) {
      const logic = { snapshot: () => 0, ...callbacks } as never;
      const failing = keyedRun([letters], (s): KeyedStream<number> =>
        method === "onBatch" ? s.statefulBatch("bad", () => logic) : s.stateful("bad", () => logic),
      );
      await expect(failing, method).rejects.toMatchObject({
        code: "WEIR_BAD_RETURN",
        step: "bad",
        message: expect.stringMatching(/^Step "bad" needs an outcome \{ emit\?, discard\? \} or nothing from its logic, and got /),
      });
    }
  },
);

test("an outcome may be empty, or say that there is nothing", async () => {
  for (const outcome of [
    undefined,
    {},
    { emit: undefined },
    { emit: [] },
    { discard: false },
    { emit: undefined, discard: undefined },
  ]) {
    const logic = () => ({ onItem: () => outcome as never, onEof: () => outcome as never, snapshot: () => 0 });
    expect(await keyedRun([letters], (s) => s.stateful("quiet", logic))).toEqual([]);
  }
});

test("statefulBatch gets the values of a key together, in order", async () => {
  const calls: [string, readonly number[]][] = [];
  const out = await keyedRun(
    [letters],
    (s) =>
      s.statefulBatch("batch", (): StatefulBatchLogic<number, number, number> => {
        return {
          onBatch(values) {
            calls.push(["", values]);
            return { emit: [values.length] };
          },
          snapshot: () => 0,
        };
      }),
    {},
    11,
  );
  expect(calls.map(([, values]) => values)).toEqual([[0, 2, 4, 6, 10], [1, 5, 8], [3], [7], [9]]);
  expect(out).toEqual([
    ["a", 5],
    ["b", 3],
    ["c", 1],
    ["d", 1],
    ["e", 1],
  ]);
});

test("stateful that discards goes on with a fresh logic inside of the same batch", async () => {
  let built = 0;
  const pairs = (): StatefulLogic<number, string, number[]> => {
    built++;
    const seen: number[] = [];
    return {
      onItem(value) {
        seen.push(value);
        return seen.length === 2 ? { emit: [seen.join("+")], discard: true } : undefined;
      },
      snapshot: () => seen.slice(),
    };
  };
  const out = await keyedRun([[1, 2, 3, 4, 5].map((n) => ["k", n] as const)], (s) => s.stateful("pairs", pairs), {}, 5);
  expect(out).toEqual([
    ["k", "1+2"],
    ["k", "3+4"],
  ]);
  expect(built).toBe(3);
});

test("onEof is called for all keys in sorted order, and not when draining", async () => {
  const build = (): StatefulLogic<number, string, number> => {
    let sum = 0;
    return {
      onItem: (n) => void (sum += n),
      onEof: () => ({ emit: [`eof ${sum}`], discard: true }),
      snapshot: () => sum,
    };
  };
  const out = await keyedRun([letters.toReversed()], (s) => s.stateful("sum", build));
  expect(out).toEqual([
    ["a", "eof 22"],
    ["b", "eof 14"],
    ["c", "eof 3"],
    ["d", "eof 7"],
    ["e", "eof 9"],
  ]);
  const store = new MemoryStore();
  const drained = await keyedRun([letters], (s) => s.stateful("sum", build), { store, drainAfter: 3 });
  expect(drained).toEqual([]);
  expect(Object.keys(store.decoded("sum")).length).toBeGreaterThan(0);
});

test("keys are woken at the time they asked for, once", async () => {
  let now = 1_000;
  const events: string[] = [];
  const build = (): StatefulLogic<number, string, number> => {
    let at: number | undefined;
    return {
      onItem(value) {
        at = value;
      },
      onNotify() {
        events.push(`woken at ${now}`);
        at = undefined;
        return { emit: ["woken"] };
      },
      notifyAt: () => at,
      onEof: () => void events.push("eof"),
      snapshot: () => 0,
    };
  };
  const items: Pair<number>[] = [["k", 1_020], ["k", 1_010], ...Array.from({ length: 60 }, () => ["other", 9_999_999] as const)];
  await keyedRun([items], (s) => s.stateful("wake", build), { now: () => now, onRound: () => void (now += 1) }, 1);
  expect(events).toEqual([expect.stringMatching(/^woken at 10[12]/), "eof", "eof"]);
});

test("collect flushes at size, when nothing came for a while, and at the end", async () => {
  let now = 0;
  const items: Pair<number>[] = [
    ["a", 1],
    ["b", 1],
    ["a", 2],
    ["a", 3],
    ["b", 2],
  ];
  const sized = await keyedRun([items], (s) => s.collect("c", { maxSize: 2, timeoutMs: 1e9 }), { now: () => now });
  expect(sized).toEqual([
    ["a", [1, 2]],
    ["b", [1, 2]],
    ["a", [3]],
  ]);
  const slow: Pair<number>[] = [["a", 1], ["a", 2], ...Array.from({ length: 50 }, (_, i) => ["b", i] as const), ["a", 3]];
  const timed = await keyedRun(
    [slow],
    (s) => s.collect("c", { maxSize: 1000, timeoutMs: 10 }),
    { now: () => now, onRound: () => void (now += 1) },
    1,
  );
  expect(timed.filter(([key]) => key === "a")).toEqual([
    ["a", [1, 2]],
    ["a", [3]],
  ]);
  expect(timed.filter(([key]) => key === "b")).toEqual([["b", Array.from({ length: 50 }, (_, i) => i)]]);
});

for (const workers of [1, 2, 3]) {
  test(`the final steps emit once per key on ${workers} workers`, async () => {
    const lists = [letters, letters.slice(0, 4), letters.slice(6)];
    const all = lists.flat();
    const values = (key: string) => all.filter(([k]) => k === key).map(([, n]) => n);
    const expected = <W>(f: (values: number[]) => W) => [..."abcde"].map((key) => [key, f(values(key))]);
    const sorted = <W>(out: Pair<W>[]) => out.toSorted(([a], [b]) => (a < b ? -1 : 1));
    const options = { workers };
    expect(sorted(await keyedRun(lists, (s) => s.countFinal("x"), options))).toEqual(expected((v) => v.length));
    expect(
      sorted(
        await keyedRun(
          lists,
          (s) =>
            s.foldFinal(
              "x",
              () => 100,
              (a, b) => a + b,
            ),
          options,
        ),
      ),
    ).toEqual(expected((v) => v.reduce((a, b) => a + b, 100)));
    expect(sorted(await keyedRun(lists, (s) => s.reduceFinal("x", (a, b) => a + b), options))).toEqual(
      expected((v) => v.reduce((a, b) => a + b)),
    );
    expect(sorted(await keyedRun(lists, (s) => s.maxFinal("x"), options))).toEqual(expected((v) => Math.max(...v)));
    expect(sorted(await keyedRun(lists, (s) => s.minFinal("x", (n) => -n), options))).toEqual(expected((v) => Math.max(...v)));
  });
}

test("ties keep the first value, and keys come out sorted", async () => {
  const items: Pair<string>[] = [
    ["z", "a1"],
    ["b", "c9"],
    ["z", "b1"],
    ["b", "d9"],
    ["z", "c0"],
  ];
  expect(await keyedRun([items], (s) => s.maxFinal("max", (v) => v[1]!))).toEqual([
    ["b", "c9"],
    ["z", "a1"],
  ]);
});

const unordered = [NaN, undefined, null, true, [1], { n: 1 }, new Date(5)];
describe.each([
  ["maxFinal", 1],
  ["maxFinal", 2],
  ["minFinal", 1],
  ["minFinal", 2],
] as const)("%s on %d workers", (kind, workers) => {
  const places = { alone: (bad: unknown) => [bad], first: (bad: unknown) => [bad, 5, 3], last: (bad: unknown) => [5, 3, bad] };
  test.each(Object.entries(places))("refuses what has no order, and says so: %s", async (_place, values) => {
    for (const bad of unordered) {
      const list = values(bad).map((value) => ["key", value] as const);
      const refused = { code: "WEIR_BAD_RETURN", step: "best", message: expect.stringContaining(`${kind}: `) };
      await expect(keyedRun([list], (s) => s[kind]("best", (value) => value as never), { workers })).rejects.toMatchObject(refused);
      await expect(keyedRun([list], (s) => s[kind]("best"), { workers })).rejects.toMatchObject(refused);
    }
  });

  test("takes numbers with infinities, strings and bigints", async () => {
    for (const values of [
      [3, -Infinity, Infinity, -0],
      ["b", "a", ""],
      [5n, 3n],
    ]) {
      const sorted = values.toSorted((a, b) => (a < b ? -1 : 1));
      const best = kind === "maxFinal" ? sorted.at(-1) : sorted[0];
      const list = values.map((value) => ["key", value] as const);
      expect(await keyedRun([list], (s) => s[kind]("best"), { workers })).toEqual([["key", best]]);
    }
  });
});

test("state that cannot be stored stops the flow at the snapshot, naming step and key", async () => {
  const store = new MemoryStore();
  const failing = keyedRun([letters], (s) => s.statefulMap("bad", () => [() => 1, 0]), { store });
  await expect(failing).rejects.toMatchObject({ code: "WEIR_ENCODE", step: "bad", message: expect.stringContaining("key 'a'") });
});

test("while the store has no room no rows are encoded and records go on; the snapshot comes when there is room", async () => {
  const store = new MemoryStore();
  const rounds = new Map<number, readonly [emitted: number, encoded: number, committed: number]>();
  const full = 60;
  let encoded = 0;
  let emitted = 0;
  const counting = (): StatefulBatchLogic<number, number, number> => ({
    onBatch: (values) => ({ emit: values.map(() => ++emitted) }),
    snapshot: () => encoded++,
  });
  const onRound = (round: number) => void rounds.set(round, [emitted, encoded, store.committed]);
  await keyedRun([letters], (s) => s.statefulBatch("count", counting), { store, fullUntil: full, onRound });
  expect(rounds.get(full)).toEqual([letters.length, 0, 0]);
  expect(store.committed).toBeGreaterThan(0);
  expect(Object.keys(store.decoded("count")).toSorted()).toEqual(["a", "b", "c", "d", "e"]);
});
