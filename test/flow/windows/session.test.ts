import { describe, expect, test } from "vitest";
import { session } from "../../../runtime/flow/windows/index.ts";

const gapped = (resume?: unknown) => session({ gapMs: 10 }).build(resume);

describe("sessions of one key", () => {
  test("a value far from all sessions opens one; ids count from 0", () => {
    const logic = gapped();
    expect(logic.openFor(100, 0)).toEqual([0]);
    expect(logic.openFor(111, 0)).toEqual([1]);
    expect(logic.openFor(80, 0)).toEqual([2]);
    expect(logic.merged()).toEqual([]);
  });

  test("a value at most the gap after a session extends it", () => {
    const logic = gapped();
    logic.openFor(100, 0);
    expect(logic.openFor(110, 0)).toEqual([0]);
    expect(logic.closeFor(Infinity)).toEqual([[0, { openTime: 100, closeTime: 110, mergedIds: [] }]]);
  });

  test("a value at most the gap before a session extends it to the front", () => {
    const logic = gapped();
    logic.openFor(100, 0);
    expect(logic.openFor(90, 0)).toEqual([0]);
    expect(logic.closeFor(Infinity)).toEqual([[0, { openTime: 90, closeTime: 100, mergedIds: [] }]]);
  });

  test("a value inside changes nothing, and one at its very edge neither", () => {
    const logic = gapped();
    for (const time of [100, 108, 104, 100, 108]) expect(logic.openFor(time, 0)).toEqual([0]);
    expect(logic.closeFor(Infinity)).toEqual([[0, { openTime: 100, closeTime: 108, mergedIds: [] }]]);
  });

  test("a value near two sessions merges the later into the earlier", () => {
    const logic = gapped();
    logic.openFor(100, 0);
    logic.openFor(120, 0);
    expect(logic.openFor(110, 0)).toEqual([0]);
    expect(logic.merged()).toEqual([[1, 0]]);
    expect(logic.merged()).toEqual([]);
    expect(logic.closeFor(Infinity)).toEqual([[0, { openTime: 100, closeTime: 120, mergedIds: [1] }]]);
  });

  test("earlier means opened earlier in event time, not by id; the value's own session may be the one that goes", () => {
    const logic = gapped();
    logic.openFor(120, 0);
    logic.openFor(100, 0);
    expect(logic.openFor(110, 0)).toEqual([0]);
    expect(logic.merged()).toEqual([[0, 1]]);
    expect(logic.closeFor(Infinity)).toEqual([[1, { openTime: 100, closeTime: 120, mergedIds: [0] }]]);
  });

  test("ids of merged sessions are passed on", () => {
    const logic = gapped();
    logic.openFor(140, 0);
    logic.openFor(120, 0);
    logic.openFor(100, 0);
    logic.openFor(130, 0);
    logic.openFor(110, 0);
    expect(logic.merged()).toEqual([
      [0, 1],
      [1, 2],
    ]);
    expect(logic.closeFor(Infinity)).toEqual([[2, { openTime: 100, closeTime: 140, mergedIds: [0, 1] }]]);
  });

  test("a session is open while a value could still join it, and closed right after", () => {
    const logic = gapped();
    logic.openFor(100, 0);
    expect(logic.notifyAt()).toBe(110);
    expect(logic.closeFor(110)).toEqual([]);
    expect(logic.closeFor(110.5)).toEqual([[0, { openTime: 100, closeTime: 100, mergedIds: [] }]]);
    expect(logic.notifyAt()).toBeUndefined();
  });

  test("the next close is that of the session that ends first", () => {
    const logic = gapped();
    logic.openFor(200, 0);
    logic.openFor(100, 0);
    expect(logic.notifyAt()).toBe(110);
  });

  test("sessions close in the order of time", () => {
    const logic = gapped();
    for (const time of [300, 100, 200]) logic.openFor(time, 0);
    expect(logic.closeFor(220).map(([id]) => id)).toEqual([1, 2]);
    expect(logic.closeFor(Infinity).map(([id]) => id)).toEqual([0]);
  });

  test("is never empty, since ids are not used again", () => {
    const logic = gapped();
    expect(logic.isEmpty()).toBe(false);
    logic.openFor(100, 0);
    logic.closeFor(Infinity);
    expect(logic.isEmpty()).toBe(false);
    expect(logic.openFor(100, 0)).toEqual([1]);
  });

  test("a late value would have been in nobody knows which", () => {
    const logic = gapped();
    expect(logic.lateFor(50)).toEqual([-1]);
    expect(logic.notifyAt()).toBeUndefined();
  });

  test("a gap of zero keeps equal times together", () => {
    const logic = session({ gapMs: 0 }).build(undefined);
    expect([5, 5, 6].map((time) => logic.openFor(time, 0)[0])).toEqual([0, 0, 1]);
  });

  test("resumes with open sessions and the next id; the snapshot is a copy", () => {
    const logic = gapped();
    for (const time of [100, 120, 110, 300]) logic.openFor(time, 0);
    logic.merged();
    const kept = JSON.parse(JSON.stringify(logic.snapshot())) as unknown;
    logic.openFor(305, 0);
    const resumed = gapped(kept);
    expect(resumed.openFor(500, 0)).toEqual([3]);
    expect(resumed.closeFor(Infinity)).toEqual([
      [0, { openTime: 100, closeTime: 120, mergedIds: [1] }],
      [2, { openTime: 300, closeTime: 300, mergedIds: [] }],
      [3, { openTime: 500, closeTime: 500, mergedIds: [] }],
    ]);
  });

  test("a resume with another gap is refused", () => {
    const kept = gapped().snapshot();
    expect(() => session({ gapMs: 11 }).build(kept)).toThrow(
      expect.objectContaining({ code: "WEIR_STATE_MISMATCH", message: expect.stringMatching(/gapMs: 10.*gapMs: 11/) as string }),
    );
  });

  test.each([[-1], [NaN], [Infinity], ["1" as unknown as number]])("a gap of %s is refused", (gapMs) => {
    expect(() => session({ gapMs })).toThrow(expect.objectContaining({ code: "WEIR_FLOW_OPTION" }));
  });
});
