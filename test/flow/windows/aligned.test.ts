import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sliding, tumbling } from "../../../runtime/flow/windows/index.ts";

const minute = 60_000;
const start = Date.UTC(2024, 5, 1);

function slidingLogic(lengthMs: number, offsetMs: number, alignTo: number | Date = 0) {
  return sliding({ lengthMs, offsetMs, alignTo }).build(undefined);
}

describe("ids of a timestamp", () => {
  test.each([
    ["the grid's origin", 0, [0]],
    ["the last instant of window 0", 9.999, [0]],
    ["the first instant of window 1", 10, [1]],
    ["before the origin", -1, [-1]],
    ["the first instant before the origin's window", -10, [-1]],
    ["well before it", -10.5, [-2]],
  ])("tumbling: %s", (_name, timestamp, ids) => {
    expect(tumbling({ lengthMs: 10, alignTo: 0 }).build(undefined).openFor(timestamp, -Infinity)).toEqual(ids);
  });

  test.each([
    [0, [-1, 0]],
    [4, [-1, 0]],
    [5, [0, 1]],
    [9, [0, 1]],
    [10, [1, 2]],
    [-1, [-2, -1]],
    [-5, [-2, -1]],
    [-6, [-3, -2]],
  ])("overlap divides the length: %d", (timestamp, ids) => {
    expect(slidingLogic(10, 5).openFor(timestamp, -Infinity)).toEqual(ids);
  });

  test.each([
    [0, [-3, -2, -1, 0]],
    [1, [-2, -1, 0]],
    [2, [-2, -1, 0]],
    [3, [-2, -1, 0, 1]],
    [4, [-1, 0, 1]],
    [9, [0, 1, 2, 3]],
    [10, [1, 2, 3]],
  ])("overlap does not divide the length: %d", (timestamp, ids) => {
    expect(slidingLogic(10, 3).openFor(timestamp, -Infinity)).toEqual(ids);
  });

  test("windows are aligned to an instant, given as a Date or a number", () => {
    for (const alignTo of [start, new Date(start)]) {
      const logic = tumbling({ lengthMs: minute, alignTo }).build(undefined);
      expect(logic.openFor(start + 5 * minute + 1, -Infinity)).toEqual([5]);
      expect(logic.closeFor(Infinity)).toEqual([
        [5, { openTime: start + 5 * minute, closeTime: start + 6 * minute, mergedIds: [] }],
      ]);
    }
  });

  test("a late value's ids are computed alike and open nothing", () => {
    const logic = slidingLogic(10, 5);
    expect(logic.lateFor(7)).toEqual([0, 1]);
    expect(logic.isEmpty()).toBe(true);
    expect(logic.notifyAt()).toBeUndefined();
  });

  test("every window holds its timestamp and its neighbours do not, fractions included", () => {
    const thousandths = (max: number) => fc.integer({ min: -max, max }).map((n) => n / 1_000);
    const grid = fc.record({
      offset: fc.oneof(
        fc.integer({ min: 1, max: 1_000 }),
        thousandths(100_000).map((n) => Math.abs(n) + 0.001),
      ),
      factor: fc.integer({ min: 10, max: 200 }).map((n) => n / 10),
      alignTo: fc.oneof(fc.integer({ min: -1e12, max: 2e12 }), thousandths(1e9)),
      timestamp: fc.oneof(fc.integer({ min: -1e12, max: 2e12 }), thousandths(1e9)),
    });
    fc.assert(
      fc.property(grid, ({ offset, factor, alignTo, timestamp }) => {
        const length = offset * factor;
        const ids = slidingLogic(length, offset, alignTo).openFor(timestamp, -Infinity);
        const opens = (id: number): number => alignTo + id * offset;
        const closes = (id: number): number => (factor === 1 ? opens(id + 1) : opens(id) + length);
        const holds = (id: number): boolean => opens(id) <= timestamp && timestamp < closes(id);
        return ids.length > 0 && ids.every(holds) && !holds(ids[0]! - 1) && !holds(ids.at(-1)! + 1);
      }),
      { numRuns: 500 },
    );
  });

  test("what was opened before does not change the answer", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 0, max: 12 }),
        fc.array(fc.integer({ min: -60, max: 60 })),
        (offset, more, times) => {
          const used = slidingLogic(offset + more, offset);
          for (const [i, time] of times.entries()) {
            expect(used.openFor(time, -Infinity)).toEqual(slidingLogic(offset + more, offset).openFor(time, -Infinity));
            if (i % 3 === 2) used.closeFor(time - 20);
          }
        },
      ),
    );
  });

  test("is never -0", () => {
    expect(Object.is(tumbling({ lengthMs: 10, alignTo: 0 }).build(undefined).openFor(-0, 0)[0], 0)).toBe(true);
  });
});

describe("closing", () => {
  test("a window closes when the watermark reaches its end, not before", () => {
    const logic = tumbling({ lengthMs: 10, alignTo: 0 }).build(undefined);
    logic.openFor(3, -Infinity);
    expect(logic.notifyAt()).toBe(10);
    expect(logic.closeFor(9.999)).toEqual([]);
    expect(logic.isEmpty()).toBe(false);
    expect(logic.closeFor(10)).toEqual([[0, { openTime: 0, closeTime: 10, mergedIds: [] }]]);
    expect(logic.isEmpty()).toBe(true);
    expect(logic.closeFor(100)).toEqual([]);
  });

  test("windows close in the order of their ends, however they were opened", () => {
    const logic = tumbling({ lengthMs: 10, alignTo: 0 }).build(undefined);
    for (const time of [25, 3, -14, 17]) logic.openFor(time, -Infinity);
    expect(logic.notifyAt()).toBe(-10);
    expect(logic.closeFor(20).map(([id]) => id)).toEqual([-2, 0, 1]);
    expect(logic.notifyAt()).toBe(30);
    expect(logic.closeFor(Infinity).map(([id]) => id)).toEqual([2]);
  });

  test("only windows that were opened close, and a window opened again closes again", () => {
    const logic = slidingLogic(10, 5);
    logic.openFor(12, -Infinity);
    expect(logic.closeFor(Infinity).map(([id]) => id)).toEqual([1, 2]);
    expect(logic.closeFor(Infinity)).toEqual([]);
    expect(logic.openFor(12, -Infinity)).toEqual([1, 2]);
    expect(logic.closeFor(Infinity).map(([id]) => id)).toEqual([1, 2]);
  });
});

describe("resume", () => {
  test("goes on with the open windows", () => {
    const windower = sliding({ lengthMs: 10, offsetMs: 5, alignTo: 0 });
    const logic = windower.build(undefined);
    logic.openFor(12, -Infinity);
    const kept = structuredClone(logic.snapshot());
    logic.openFor(40, -Infinity);
    expect(
      windower
        .build(kept)
        .closeFor(Infinity)
        .map(([id]) => id),
    ).toEqual([1, 2]);
  });

  test.each([
    ["another length", tumbling({ lengthMs: 20, alignTo: 0 })],
    ["another origin", tumbling({ lengthMs: 10, alignTo: 1 })],
    ["another offset", sliding({ lengthMs: 10, offsetMs: 5, alignTo: 0 })],
  ])("with %s is refused", (_name, windower) => {
    const kept = tumbling({ lengthMs: 10, alignTo: 0 }).build(undefined).snapshot();
    expect(() => windower.build(kept)).toThrow(
      expect.objectContaining({
        code: "WEIR_STATE_MISMATCH",
        message: expect.stringContaining("tumbling({ lengthMs: 10, alignTo: 0 })") as string,
      }),
    );
  });
});

describe("options", () => {
  const bad = expect.objectContaining({ code: "WEIR_FLOW_OPTION" });
  test("an offset longer than the length is refused; one as long is tumbling", () => {
    expect(() => sliding({ lengthMs: 10, offsetMs: 11, alignTo: 0 })).toThrow(bad);
    expect(slidingLogic(10, 10).openFor(10, 0)).toEqual([1]);
  });
  test.each([[0], [-5], [NaN], [Infinity], ["10" as unknown as number], [undefined as unknown as number]])(
    "a length of %s is refused",
    (lengthMs) => {
      expect(() => tumbling({ lengthMs, alignTo: 0 })).toThrow(bad);
      expect(() => sliding({ lengthMs: 10, offsetMs: lengthMs, alignTo: 0 })).toThrow(bad);
    },
  );
  test.each([[NaN], [new Date(NaN)], ["2024-01-01" as unknown as Date], [undefined as unknown as Date]])(
    "alignTo %s is refused",
    (alignTo) => {
      expect(() => tumbling({ lengthMs: 10, alignTo })).toThrow(bad);
    },
  );
  test("a value in millions of windows is refused", () => {
    expect(() => sliding({ lengthMs: 86_400_000, offsetMs: 0.001, alignTo: 0 })).toThrow(bad);
  });
});
