import { describe, expect, test } from "vitest";
import {
  type Windower,
  collectWindow,
  countWindow,
  foldWindow,
  session,
  tumbling,
  windowLogic,
} from "../../../runtime/flow/windows/index.ts";
import { type Timed, countingPlan, oneKey, timed, v } from "./one-key.ts";

const ten = tumbling({ lengthMs: 10, alignTo: 0 });

describe("resume", () => {
  test("an open window and waiting values go on; the snapshot is a copy", () => {
    const fold = foldWindow<Timed, { seen: string[] }>(
      () => ({ seen: [] }),
      (state, value) => {
        state.seen.push(value.name);
        return state;
      },
      (into) => into,
    );
    const key = oneKey({ windower: ten, aggregate: fold, clock: timed(2) });
    key.batch(v(1, "a"), v(5, "b"), v(4, "c"), v(6, "d"));
    const before = JSON.stringify(key.snapshot());
    const kept = key.snapshot();
    key.batch(v(9, "e"));
    expect(JSON.stringify(kept)).toBe(before);
    key.rebuild();
    key.batch(v(8, "f"), v(12, "g"));
    expect(key.down).toEqual([[0, { seen: ["a", "c", "b", "d", "f", "e"] }]]);
  });

  test("a window that nobody touches again still closes", () => {
    const key = oneKey({ windower: ten, aggregate: countWindow(), clock: timed(3) });
    key.batch(v(4));
    key.rebuild();
    key.advanceTo(9);
    expect(key.down).toEqual([[0, 1]]);
  });

  test("values that wait are in their windows when the step takes values on arrival from now on", () => {
    const seen: unknown[] = [];
    const events = { key: "k", down: (id: number, list: unknown) => void seen.push([id, list]), late() {} };
    const options = { ...countingPlan(ten), aggregate: collectWindow<Timed>(), clock: timed(50) };
    for (const windower of [ten, { build: (resume: unknown) => ten.build(resume) }]) {
      seen.length = 0;
      const before = windowLogic<Timed>({ ...options, windower })(undefined, 0);
      before.take(events, 0, [v(5)], new Int32Array(1), 0, 1);
      const after = windowLogic<Timed>({ ...options, windower, ordered: false })(before.snapshot(0), 0);
      after.take(events, 0, [v(6), v(200)], Int32Array.of(1, 0), 0, 2);
      expect(seen).toEqual([[0, [v(6), v(5)]]]);
    }
  });

  test("is compact", () => {
    const key = oneKey({ windower: ten, aggregate: countWindow() });
    key.batch(v(4), v(5));
    expect(key.snapshot()).toEqual(["count", 5, ["aligned", 10, 10, 0, [0]], [0], [2], [], []]);
  });

  test("with other parameters of the windower or another aggregate is refused, naming the step", () => {
    const key = oneKey({ windower: ten, aggregate: countWindow() });
    key.batch(v(4));
    const kept = key.snapshot();
    const mismatch = expect.objectContaining({
      code: "WEIR_STATE_MISMATCH",
      step: "win",
      message: expect.stringContaining('Step "win"') as string,
    });
    const build = (windower: Windower, aggregate = countWindow() as never) =>
      windowLogic<Timed>({ ...countingPlan(ten), windower, aggregate })(kept, 0);
    expect(() => build(tumbling({ lengthMs: 20, alignTo: 0 }))).toThrow(mismatch);
    expect(() => build(session({ gapMs: 10 }))).toThrow(mismatch);
    expect(() => build(ten, collectWindow() as never)).toThrow(mismatch);
    expect(() => build(ten)).not.toThrow();
  });

  test("another wait is welcome", () => {
    const key = oneKey({ windower: ten, aggregate: countWindow() });
    key.batch(v(4));
    const late: unknown[] = [];
    const events = { key: "k", down() {}, late: (id: number, value: unknown) => void late.push([id, value]) };
    const windows = windowLogic<Timed>({ ...countingPlan(ten), clock: timed(50) })(key.snapshot(), 0);
    windows.take(events, 0, [v(3)], new Int32Array(1), 0, 1);
    expect(late).toEqual([[0, v(3)]]);
  });
});
