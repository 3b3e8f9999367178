import { expect, test } from "vitest";
import { pauseAfter } from "../../../runtime/flow/input/pause.ts";

/** How often a source that has nothing is asked from one time on, in milliseconds since it was asked first, to another. */
function asked(from: number, to: number): number {
  let times = 0;
  for (let at = 0, empty = 1; at < to; at += pauseAfter(empty++)) if (at >= from) times++;
  return times;
}

test("a source that has nothing is asked each millisecond at first, and seldom when that lasts", () => {
  expect(asked(0, 100)).toBe(100);
  expect(asked(100, 2_100)).toBe(200);
  expect(asked(2_100, 4_600)).toBe(100);
  expect(asked(4_600, 9_600)).toBe(100);
  expect(asked(9_600, 10_600)).toBe(10);
  expect(asked(3_600_000, 3_601_000)).toBe(10);
});

test("a pause only ever grows", () => {
  const pauses = Array.from({ length: 1_000 }, (_, empty) => pauseAfter(empty + 1));
  expect(pauses).toEqual(pauses.toSorted((a, b) => a - b));
});
