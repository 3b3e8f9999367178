import { expect, test } from "vitest";
import { createEpochClock } from "../../runtime/execution/epoch-clock.ts";
import type { Tick } from "../../runtime/execution/messages.ts";

const tick = (epoch: number, more: Partial<Tick> = {}): Tick => ({
  kind: "tick",
  execution: 1,
  epoch,
  snapshot: false,
  ended: [],
  draining: false,
  ...more,
});

test("a tick opens its epoch, and says of the one before whether it takes a snapshot", () => {
  const clock = createEpochClock({ startEpoch: 3, perBatch: false, onEndBatch() {} });
  let ticks = 0;
  clock.onTick(() => ticks++);
  expect(clock.current).toBe(3);
  clock.tick(tick(4, { snapshot: true }));
  clock.tick(tick(5));
  clock.tick(tick(6, { snapshot: true, draining: true }));
  expect([clock.current, clock.draining, ticks]).toEqual([6, true, 3]);
  expect([3, 4, 5].map((epoch) => clock.takesSnapshot(epoch))).toEqual([true, false, true]);
  expect(clock.pendingSnapshots).toEqual([3, 5]);
  expect(clock.held).toBe(false);
});

test("per batch: held from the batch to the release of its epoch, and a late release does not count", () => {
  let ended = 0;
  const clock = createEpochClock({ startEpoch: 1, perBatch: true, onEndBatch: () => ended++ });
  clock.endBatch();
  expect([clock.held, ended]).toEqual([true, 1]);
  clock.tick(tick(2));
  clock.release(1);
  expect(clock.held).toBe(true);
  clock.release(2);
  expect(clock.held).toBe(false);
});
