import { describe, expect, test } from "vitest";
import {
  type Clock,
  type Windower,
  collectWindow,
  countWindow,
  eventClock,
  foldWindow,
  tumbling,
  windowLogic,
} from "../../../runtime/flow/windows/index.ts";
import { type Timed, countingPlan, oneKey, v } from "./one-key.ts";

const ten = tumbling({ lengthMs: 10, alignTo: 0 });

describe("bad returns of a user's code", () => {
  const bad = (message: RegExp) =>
    expect.objectContaining({ code: "WEIR_BAD_RETURN", step: "win", message: expect.stringMatching(message) as string });

  test("a timestamp that is no time", () => {
    const key = oneKey<number>({
      windower: ten,
      aggregate: countWindow(),
      clock: eventClock<number>({ timestamp: (n) => n / 0, waitMs: 0 }),
    });
    expect(() => key.batch(0)).toThrow(bad(/Step "win": eventClock's timestamp\(\) .* NaN/));
  });

  const clock = (onItem: () => unknown, rest: object = {}): Clock<number> => ({
    build: () =>
      ({
        beforeBatch() {},
        onItem,
        onNotify: () => 0,
        onEof: () => Infinity,
        toSystem: () => undefined,
        snapshot: () => null,
        ...rest,
      }) as never,
  });
  test.each([[() => 5], [() => [NaN, 0]], [() => [Infinity, 0]], [() => [1, NaN]], [() => [1]], [() => undefined]])(
    "onItem of a clock: %s",
    (onItem) => {
      const key = oneKey<number>({ windower: ten, aggregate: countWindow(), clock: clock(onItem) });
      expect(() => key.batch(1)).toThrow(bad(/onItem\(\)/));
    },
  );
  test("onNotify and onEof of a clock", () => {
    const key = oneKey<number>({
      windower: ten,
      aggregate: countWindow(),
      clock: clock(() => [1, 1], { onNotify: () => "soon", onEof: () => undefined, toSystem: () => 5 }),
    });
    key.batch(1);
    expect(() => key.advanceTo(5)).toThrow(bad(/onNotify\(\).*'soon'/));
    expect(() => key.eof()).toThrow(bad(/onEof\(\)/));
  });
  test("toSystem of a clock", () => {
    const key = oneKey<number>({ windower: ten, aggregate: countWindow(), clock: clock(() => [1, 1], { toSystem: () => NaN }) });
    expect(() => key.batch(1)).toThrow(bad(/milliseconds or undefined, and got NaN/));
  });

  const windower = (rest: object): Windower => ({
    build: () =>
      ({
        openFor: () => [0],
        lateFor: () => [0],
        merged: () => [],
        closeFor: () => [],
        notifyAt: () => undefined,
        isEmpty: () => true,
        snapshot: () => null,
        ...rest,
      }) as never,
  });
  test.each([
    ["openFor", { openFor: () => 3 }],
    ["openFor", { openFor: () => ["a"] }],
    ["merged", { merged: () => [[1]] }],
    ["closeFor", { closeFor: () => [1] }],
    ["notifyAt", { notifyAt: () => NaN }],
  ])("%s of a windower", (method, rest) => {
    const key = oneKey<Timed>({ windower: windower({ isEmpty: () => false, ...rest }), aggregate: countWindow() });
    expect(() => key.batch(v(1))).toThrow(
      expect.objectContaining({ code: "WEIR_BAD_RETURN", step: "win", message: expect.stringContaining(`${method}()`) as string }),
    );
  });

  test("what a user's function throws passes through as it is", () => {
    const mine = new Error("mine");
    const throwing = foldWindow<Timed, number>(
      () => 0,
      () => {
        throw mine;
      },
      (a) => a,
    );
    const key = oneKey({ windower: ten, aggregate: throwing });
    expect(() => key.batch(v(1))).toThrow(mine);
  });

  test("a state that is no data", () => {
    const key = oneKey({
      windower: ten,
      aggregate: foldWindow<Timed, unknown>(
        () => 0,
        () => () => 1,
        (a) => a,
      ),
    });
    key.batch(v(1));
    expect(() => key.snapshot()).toThrow(expect.objectContaining({ code: "WEIR_ENCODE" }));
  });

  test("options that are no clock and no windower", () => {
    expect(() => windowLogic({ ...countingPlan(ten), clock: undefined as never })).toThrow(
      expect.objectContaining({ code: "WEIR_FLOW_OPTION", step: "win" }),
    );
    expect(() => windowLogic({ ...countingPlan(ten), windower: {} as never })).toThrow(
      expect.objectContaining({ code: "WEIR_FLOW_OPTION" }),
    );
  });
});

describe("a user's own clock and windower", () => {
  /** A window per even number of values; the clock counts. */
  const counting: Clock<string> = {
    build(resume) {
      let seen = (resume as number | null) ?? 0;
      return {
        beforeBatch() {},
        onItem: () => [seen, seen++],
        onNotify: () => seen - 1,
        onEof: () => Infinity,
        toSystem: () => undefined,
        snapshot: () => seen,
      };
    },
  };
  const pairs: Windower = {
    build(resume) {
      let open = (resume as number | null) ?? undefined;
      return {
        openFor(timestamp) {
          open = Math.floor(timestamp / 2);
          return [open];
        },
        lateFor: () => [-1],
        merged: () => [],
        closeFor(watermark) {
          if (open === undefined || watermark < open * 2 + 1) return [];
          const closed = open;
          open = undefined;
          return [[closed, { openTime: closed * 2, closeTime: closed * 2 + 1, mergedIds: [] }]];
        },
        notifyAt: () => undefined,
        isEmpty: () => open === undefined,
        snapshot: () => open ?? null,
      };
    },
  };
  test("work like the ones that come with Weir, through a resume", () => {
    const key = oneKey<string>({ windower: pairs, aggregate: collectWindow<string>(), clock: counting });
    key.batch("a");
    key.rebuild();
    key.batch("b");
    expect(key.down).toEqual([[0, ["a", "b"]]]);
    expect(key.meta).toEqual([[0, { openTime: 0, closeTime: 1, mergedIds: [] }]]);
    expect(key.alive()).toBe(false);
  });
  test("a copy of one of Weir's windowers with a build of its own is a user's own", () => {
    let built = 0;
    const build = (resume: unknown) => {
      built++;
      return ten.build(resume);
    };
    for (const windower of [{ ...ten, build }, Object.assign(Object.create(ten) as Windower, { build })]) {
      const key = oneKey({ windower, aggregate: countWindow() });
      key.batch(v(5), v(20));
      expect(key.down).toEqual([[0, 1]]);
    }
    expect(built).toBe(2);
  });
  test("a watermark that goes back is held", () => {
    const marks = [10, 5];
    const clock: Clock<number> = {
      build: () => ({
        beforeBatch() {},
        onItem: (n) => [n, marks.shift()!],
        onNotify: () => 0,
        onEof: () => Infinity,
        toSystem: () => undefined,
        snapshot: () => null,
      }),
    };
    const key = oneKey<number>({ windower: ten, aggregate: countWindow(), clock });
    key.batch(12, 9);
    expect(key.late).toEqual([[0, 9]]);
  });
});
