import { expect, test } from "vitest";
import { createPauses } from "../../../runtime/connectors/feed/index.ts";

test("pauses double up to the largest, by chance between half and whole, and begin anew after a success", () => {
  let random = 1;
  const pauses = createPauses({ minMs: 100, maxMs: 1_000, giveUpMs: Infinity, random: () => random });
  expect(Array.from({ length: 6 }, () => pauses.failed())).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  random = 0;
  expect(pauses.failed()).toBe(500);
  pauses.succeeded();
  expect(pauses.failed()).toBe(50);
});

test("gives up when there have been none but failures for too long", () => {
  let now = 0;
  const pauses = createPauses({ minMs: 1, maxMs: 1, giveUpMs: 100, now: () => now });
  expect(pauses.failed()).toBeDefined();
  now = 99;
  expect(pauses.failed()).toBeDefined();
  pauses.succeeded();
  now = 150;
  expect(pauses.failed()).toBeDefined();
  now = 250;
  expect(pauses.failed()).toBeUndefined();
});
