import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import {
  collectWindow,
  countWindow,
  foldWindow,
  joinWindow,
  maxWindow,
  minWindow,
  reduceWindow,
  session,
  tumbling,
} from "../../../runtime/flow/windows/index.ts";
import type { WindowAggregate } from "../../../runtime/flow/windows/index.ts";
import { type Timed, oneKey, timed, v } from "./one-key.ts";

const ten = tumbling({ lengthMs: 10, alignTo: 0 });
const downOf = (aggregate: WindowAggregate<any, any>, values: Timed[], ordered = true): readonly (readonly [number, unknown])[] => {
  const key = oneKey({ windower: ten, aggregate, clock: timed(1_000), ordered });
  for (const value of values) {
    key.batch(value);
    key.rebuild();
  }
  key.eof();
  return key.down;
};
const merged = (aggregate: WindowAggregate<any, any>): unknown => {
  const key = oneKey({ windower: session({ gapMs: 10 }), aggregate, clock: timed(1_000), ordered: false });
  key.batch(v(100, "a"), v(120, "c"), v(121, "d"));
  key.rebuild();
  key.batch(v(110, "b"));
  key.eof();
  expect(key.down).toHaveLength(1);
  return key.down[0]![1];
};
const joined = foldWindow<Timed, string>(
  () => "",
  (state, value) => state + value.name,
  (into, from) => `(${into}|${from})`,
);

describe("fold", () => {
  test("starts anew in each window and ends with the state", () => {
    expect(downOf(joined, [v(1, "a"), v(2, "b"), v(11, "c")])).toEqual([
      [0, "ab"],
      [1, "c"],
    ]);
  });
  test("merges the state of the session that goes into the earlier one's, after the value", () => {
    expect(merged(joined)).toBe("(ab|cd)");
  });
});

test("reduce starts with the first value", () => {
  const longest = reduceWindow<Timed>((a, b) => v(0, a.name + b.name));
  expect(downOf(longest, [v(1, "a"), v(2, "b"), v(3, "c")])).toEqual([[0, v(0, "abc")]]);
  expect(downOf(longest, [v(1, "a")])).toEqual([[0, v(1, "a")]]);
  expect(merged(longest)).toEqual(v(0, "abcd"));
});

test("count counts, whatever the values", () => {
  expect(downOf(countWindow(), [v(1), v(2), v(12)])).toEqual([
    [0, 2],
    [1, 1],
  ]);
  expect(merged(countWindow())).toBe(4);
});

test("count of aligned windows keeps no values that wait", () => {
  const key = oneKey({ windower: ten, aggregate: countWindow(), clock: timed(1_000) });
  key.batch(v(5), v(3), v(20));
  expect(key.snapshot()[5]).toEqual([]);
});

test("collect gives all values", () => {
  expect(downOf(collectWindow<Timed>(), [v(2, "b"), v(1, "a")])).toEqual([[0, [v(1, "a"), v(2, "b")]]]);
  expect((merged(collectWindow<Timed>()) as Timed[]).map((value) => value.name)).toEqual(["a", "b", "c", "d"]);
});

describe("max and min", () => {
  const byLength = (value: Timed) => value.name.length;
  const values = [v(1, "bb"), v(2, "a"), v(3, "dd"), v(4, "c")];
  test("give the value itself; of equals the first", () => {
    expect(downOf(maxWindow(byLength), values)).toEqual([[0, values[0]]]);
    expect(downOf(minWindow(byLength), values)).toEqual([[0, values[1]]]);
  });
  test("the first is the earliest, or the first to arrive when values are not ordered", () => {
    const shuffled = [v(3, "dd"), v(4, "c"), v(1, "bb"), v(2, "a")];
    expect(downOf(maxWindow(byLength), shuffled)).toEqual([[0, v(1, "bb")]]);
    expect(downOf(maxWindow(byLength), shuffled, false)).toEqual([[0, v(3, "dd")]]);
  });
  test("compare strings and bigints", () => {
    expect(
      downOf(
        maxWindow<Timed>((value) => value.name),
        values,
      ),
    ).toEqual([[0, v(3, "dd")]]);
    expect(
      downOf(
        minWindow<Timed>((value) => BigInt(value.at)),
        values,
      ),
    ).toEqual([[0, v(1, "bb")]]);
  });
  test("over merged sessions", () => {
    expect(merged(maxWindow<Timed>((value) => value.name))).toEqual(v(121, "d"));
    expect(merged(minWindow<Timed>((value) => value.name))).toEqual(v(100, "a"));
  });
  test.each([[() => NaN], [() => undefined], [() => ({})], [() => true], [undefined]])("refuse to compare by %s", (by) => {
    const key = oneKey({ windower: ten, aggregate: maxWindow<Timed>(by as never) });
    expect(() => key.batch(v(1))).toThrow(expect.objectContaining({ code: "WEIR_BAD_RETURN", step: "win" }));
  });
});

test.each([
  [
    "fold",
    foldWindow<Timed, Set<string>>(
      () => new Set(),
      (state, value) => state.add(value.name),
      (into) => into,
    ),
  ],
  ["collect", collectWindow<Timed>()],
  ["max", maxWindow<Timed>((value) => value.at)],
  ["count", countWindow()],
  ["join", joinWindow(1, { insert: "product" })],
])("a snapshot of %s does not change while the window goes on", (name, aggregate: WindowAggregate<any, any>) => {
  const key = oneKey<any>({ windower: ten, aggregate, clock: timed(0) as never, sides: name === "join" });
  const value = (at: number) => (name === "join" ? [0, v(at)] : v(at));
  key.batch(value(1), value(2));
  const kept = key.snapshot();
  const before = inspect(kept, { depth: 9 });
  key.batch(value(3), value(4));
  expect(inspect(kept, { depth: 9 })).toBe(before);
  expect(inspect(key.snapshot(), { depth: 9 })).not.toBe(before);
});
