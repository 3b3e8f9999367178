import { describe, expect, test } from "vitest";
import {
  type Clock,
  collectWindow,
  countWindow,
  joinWindow,
  session,
  sliding,
  systemClock,
  tumbling,
} from "../../../runtime/flow/windows/index.ts";
import { type Timed, oneKey, timed, v } from "./one-key.ts";

const ten = tumbling({ lengthMs: 10, alignTo: 0 });
const names = (events: readonly (readonly [number, unknown])[]) =>
  events.map(([id, list]) => [id, (list as Timed[]).map((value) => value.name).join("")]);

describe("lateness", () => {
  test("is judged after the value's own step of the watermark, strictly, value by value inside a batch", () => {
    const key = oneKey({ windower: ten, aggregate: collectWindow<Timed>(), clock: timed(5) });
    key.batch(v(20, "a"), v(15, "b"), v(14, "c"), v(26, "d"), v(20, "e"), v(21, "f"));
    expect(key.late.map(([id, value]) => [id, (value as Timed).name])).toEqual([
      [1, "c"],
      [2, "e"],
    ]);
    key.eof();
    expect(names(key.down)).toEqual([
      [1, "b"],
      [2, "afd"],
    ]);
  });

  test("a late value comes out once per window it would have been in, and nowhere else", () => {
    const key = oneKey({ windower: sliding({ lengthMs: 10, offsetMs: 5, alignTo: 0 }), aggregate: countWindow() });
    key.batch(v(100), v(7));
    expect(key.late).toEqual([
      [0, v(7)],
      [1, v(7)],
    ]);
    key.eof();
    expect(key.down).toEqual([
      [19, 1],
      [20, 1],
    ]);
  });

  test("a late value of a session has no window", () => {
    const key = oneKey({ windower: session({ gapMs: 10 }), aggregate: countWindow() });
    key.batch(v(100), v(95));
    expect(key.late).toEqual([[-1, v(95)]]);
  });
});

describe("order", () => {
  const shuffled = [v(3, "a"), v(1, "b"), v(7, "c"), v(3, "d"), v(2, "e")];
  test("values are applied in timestamp order, equal ones as they came", () => {
    const key = oneKey({ windower: ten, aggregate: collectWindow<Timed>(), clock: timed(10) });
    for (const value of shuffled) key.batch(value);
    key.eof();
    expect(names(key.down)).toEqual([[0, "beadc"]]);
  });
  test("or on arrival", () => {
    const key = oneKey({ windower: ten, aggregate: collectWindow<Timed>(), clock: timed(10), ordered: false });
    for (const value of shuffled) key.batch(value);
    key.eof();
    expect(names(key.down)).toEqual([[0, "abcde"]]);
  });
  test("a value goes behind one of its own timestamp that waits already", () => {
    const key = oneKey({ windower: ten, aggregate: collectWindow<Timed>(), clock: timed(2) });
    key.batch(v(5, "a"));
    key.now = 2;
    key.batch(v(5, "b"), v(9, "c"));
    key.eof();
    expect(names(key.down)).toEqual([[0, "abc"]]);
  });
});

describe("closing", () => {
  test("half-open windows: the value at the end belongs to the next and closes the first", () => {
    const key = oneKey({ windower: ten, aggregate: countWindow() });
    key.batch(v(0), v(9.999));
    expect(key.down).toEqual([]);
    key.batch(v(10));
    expect(key.down).toEqual([[0, 2]]);
    expect(key.meta).toEqual([[0, { openTime: 0, closeTime: 10, mergedIds: [] }]]);
    key.eof();
    expect(key.down).toEqual([
      [0, 2],
      [1, 1],
    ]);
  });

  test("negative windows close like any other, in order of time", () => {
    const key = oneKey({ windower: ten, aggregate: countWindow(), clock: timed(100) });
    key.batch(v(5), v(-5), v(-15));
    key.eof();
    expect(key.down).toEqual([
      [-2, 1],
      [-1, 1],
      [0, 1],
    ]);
  });

  test("a window closes by the system clock when nothing arrives, and the key is forgotten", () => {
    const key = oneKey({ windower: ten, aggregate: countWindow(), clock: timed(3) });
    key.now = 1_000;
    key.batch(v(4), v(6));
    expect(key.wakeAt()).toBe(1_007);
    key.advanceTo(1_006);
    expect(key.down).toEqual([]);
    key.advanceTo(1_007);
    expect(key.down).toEqual([[0, 2]]);
    expect(key.alive()).toBe(false);
  });

  test("a late value alone closes what the system clock has passed meanwhile", () => {
    const key = oneKey({ windower: ten, aggregate: countWindow() });
    key.batch(v(4));
    key.now = 6;
    key.batch(v(3));
    expect(key.late).toEqual([[0, v(3)]]);
    expect(key.down).toEqual([[0, 1]]);
    expect(key.alive()).toBe(false);
  });

  test("a session is open at the very instant of its last value plus the gap, without spinning, and closed after it", () => {
    const key = oneKey({ windower: session({ gapMs: 10 }), aggregate: countWindow() });
    key.batch(v(100));
    key.advanceTo(10);
    expect(key.down).toEqual([]);
    expect(key.wakeAt()).toBe(11);
    key.advanceTo(11);
    expect(key.down).toEqual([[0, 1]]);
    expect(key.meta).toEqual([[0, { openTime: 100, closeTime: 100, mergedIds: [] }]]);
  });

  test("a session's key lives on, so that ids go on", () => {
    const key = oneKey({ windower: session({ gapMs: 10 }), aggregate: countWindow() });
    key.batch(v(100));
    key.advanceTo(50);
    expect(key.alive()).toBe(true);
    expect(key.wakeAt()).toBeUndefined();
    key.batch(v(300));
    key.eof();
    expect(key.alive()).toBe(true);
    expect(key.down).toEqual([
      [0, 1],
      [1, 1],
    ]);
  });

  test("wakes for the earliest waiting value, not for the first that came", () => {
    const key = oneKey({
      windower: ten,
      aggregate: joinWindow(2, { emit: "running" }),
      sides: true,
      clock: timed(20) as Clock<any>,
    });
    key.batch([0, v(30)] as never, [0, v(12)] as never);
    // The watermark is 10 at 0, and reaches 12 at 2.
    expect(key.wakeAt()).toBe(2);
    key.advanceTo(2);
    expect(key.down).toEqual([[1, [v(12), null]]]);
  });

  test("what emits at the close only is woken for the close only", () => {
    const key = oneKey({ windower: ten, aggregate: collectWindow<Timed>(), clock: timed(20) });
    key.batch(v(30), v(12));
    expect(key.wakeAt()).toBe(10);
    key.advanceTo(10);
    expect(names(key.down)).toEqual([[1, "12"]]);
    expect(key.wakeAt()).toBe(30);
  });

  test("with an infinite wait everything comes at the end, and nothing is late", () => {
    const key = oneKey({ windower: ten, aggregate: collectWindow<Timed>(), clock: timed(Infinity) });
    key.batch(v(95, "a"), v(5, "b"), v(0, "c"));
    key.advanceTo(1e9);
    expect(key.wakeAt()).toBeUndefined();
    key.rebuild();
    key.eof();
    expect(key.late).toEqual([]);
    expect(names(key.down)).toEqual([
      [0, "cb"],
      [9, "a"],
    ]);
  });
});

describe("system clock", () => {
  test("values of one batch share its time; windows close by the clock", () => {
    const key = oneKey<string>({ windower: ten, aggregate: collectWindow<string>(), clock: systemClock() as Clock<string> });
    key.now = 4;
    key.batch("a", "b");
    key.advanceTo(9);
    key.batch("c");
    expect(key.wakeAt()).toBe(10);
    key.advanceTo(10);
    expect(key.down).toEqual([[0, ["a", "b", "c"]]]);
    expect(key.alive()).toBe(false);
  });
  test("a session closes one instant after its gap", () => {
    const key = oneKey<string>({
      windower: session({ gapMs: 5 }),
      aggregate: countWindow(),
      clock: systemClock() as Clock<string>,
    });
    key.batch("a");
    key.advanceTo(5);
    key.batch("b");
    key.advanceTo(10);
    expect(key.down).toEqual([]);
    key.advanceTo(11);
    expect(key.down).toEqual([[0, 2]]);
  });
});

describe("end of input", () => {
  test("closes everything, is not kept, and the next execution goes on with the watermark before it", () => {
    const key = oneKey({ windower: session({ gapMs: 10 }), aggregate: countWindow(), clock: timed(5) });
    key.batch(v(100));
    key.eof();
    expect(key.down).toEqual([[0, 1]]);
    key.rebuild();
    key.batch(v(96), v(94));
    expect(key.late).toEqual([[-1, v(94)]]);
    key.eof();
    expect(key.down).toEqual([
      [0, 1],
      [1, 1],
    ]);
  });
  test("forgets a key of aligned windows", () => {
    const key = oneKey({ windower: ten, aggregate: countWindow() });
    key.batch(v(1));
    key.eof();
    expect(key.alive()).toBe(false);
  });
});

describe("merging sessions", () => {
  test("the value is applied first, then the states are merged into the earlier session's", () => {
    const key = oneKey({ windower: session({ gapMs: 10 }), aggregate: collectWindow<Timed>(), clock: timed(100), ordered: false });
    key.batch(v(100, "a"), v(120, "b"), v(110, "c"), v(115, "d"));
    key.eof();
    expect(names(key.down)).toEqual([[0, "acbd"]]);
    expect(key.meta).toEqual([[0, { openTime: 100, closeTime: 120, mergedIds: [1] }]]);
  });
  test("batches make no difference", () => {
    const run = (size: number) => {
      const key = oneKey({
        windower: session({ gapMs: 10 }),
        aggregate: collectWindow<Timed>(),
        clock: timed(100),
        ordered: false,
      });
      const values = [v(120, "a"), v(100, "b"), v(110, "c"), v(119, "d"), v(140, "e"), v(130, "f"), v(105, "g")];
      for (let i = 0; i < values.length; i += size) key.batch(...values.slice(i, i + size));
      key.eof();
      return [names(key.down), key.meta];
    };
    for (const size of [2, 3, 7]) expect(run(size)).toEqual(run(1));
  });
  test("ordered values never merge sessions", () => {
    const key = oneKey({ windower: session({ gapMs: 10 }), aggregate: collectWindow<Timed>(), clock: timed(100) });
    key.batch(v(120, "a"), v(100, "b"), v(110, "c"));
    key.eof();
    expect(names(key.down)).toEqual([[0, "bca"]]);
    expect(key.meta[0]![1]).toMatchObject({ mergedIds: [] });
  });
});
