/** How long the coordinator leaves an epoch open in which nothing comes. */
import { expect, test } from "vitest";
import { coordinate, execution, type Script } from "./coordinate.ts";

/** Epochs in which nothing came, up to the first that may last longer: 5 … 10 are over, 11 is open. */
async function quiet(script: Script = {}) {
  const run = coordinate({ snapshotMs: 10_000, ...script });
  await run.begun();
  run.coordinator.frontier(5);
  for (let epoch = 6; epoch <= 11; epoch++) {
    run.pass(100);
    run.coordinator.frontier(epoch);
  }
  expect(await run.said()).toEqual(["tick 6", "tick 7", "tick 8", "tick 9", "tick 10", "tick 11"]);
  return run;
}

test("once nothing has come for some epochs, the open one lasts a second", async () => {
  const run = await quiet();
  expect(run.coordinator.nextTime()).toBe(1600 + 1000);
  run.pass(999);
  expect(await run.said()).toEqual([]);
  run.pass(1);
  expect(await run.said()).toEqual(["tick 12"]);
  run.coordinator.frontier(12);
  expect(run.coordinator.nextTime()).toBe(2600 + 1000);
});

test("the first record ends a long epoch when it has had its length, and those that follow are short", async () => {
  const run = await quiet();
  run.pass(40);
  run.from(1, { kind: "active", epoch: 11 });
  expect(await run.said()).toEqual([]);
  expect(run.coordinator.nextTime()).toBe(1700);
  run.pass(60);
  expect(await run.said()).toEqual(["tick 12"]);
  run.coordinator.frontier(12);
  expect(run.coordinator.nextTime()).toBe(1800);

  const later = await quiet();
  later.pass(500);
  // What moved in an epoch that is over moves no more.
  later.from(0, { kind: "active", epoch: 4 });
  later.from(0, { kind: "active", epoch: 11, execution: execution - 1 });
  expect(await later.said()).toEqual([]);
  later.from(0, { kind: "active", epoch: 11 });
  expect(await later.said()).toEqual(["tick 12"]);
});

test("a snapshot, on demand or when it is due, and the end of an input do not wait for a long epoch to pass", async () => {
  const due = await quiet({ snapshotMs: 1100 });
  expect(due.coordinator.nextTime()).toBe(2100);
  due.pass(500);
  expect(await due.said()).toEqual(["tick 12 snapshot"]);
  const demanded = await quiet();
  demanded.pass(10);
  demanded.coordinator.snapshot().catch(() => {});
  expect(await demanded.said()).toEqual(["tick 12 snapshot"]);
  const ended = await quiet({ sources: [{ step: "in", list: () => ["a"] }, { step: "other" }] });
  ended.pass(10);
  await ended.end(["a"]);
  expect(await ended.said()).toEqual(["tick 12 ended in"]);
  const drained = await quiet();
  drained.coordinator.finish({ kind: "drain", stay: true });
  expect(await drained.said()).toEqual(["tick 12 snapshot draining"]);
});

test("epochs are short while something of an earlier one is under way", async () => {
  const run = await quiet();
  run.pass(1000);
  expect(await run.said()).toEqual(["tick 12"]);
  run.pass(100);
  run.pass(100);
  expect(await run.said()).toEqual(["tick 13", "tick 14"]);
  run.coordinator.frontier(14);
  run.pass(100);
  expect(await run.said()).toEqual([]);
});
