import { expect, test } from "vitest";
import { lead } from "./leading.ts";

test("a rescale commits the new topology, goes on at once with what is in memory, and reports the stall", async () => {
  const run = lead({ there: 3 });
  await run.turns();
  const asked = run.leader.rescale(3);
  await run.turns();
  expect(await run.manifest()).toMatchObject({ execution: 2, topology: { processes: 3, threads: 1 } });
  expect(run.prepares().at(-1)).toMatchObject({ execution: 2, keep: true, topology: { processes: 3 }, snapshot: { epoch: 1 } });
  // No epoch of the new execution is complete yet: the stall goes on.
  await run.pass(100);
  expect(await asked).toEqual({ execution: 2, epoch: 1, stallMilliseconds: 100 });
  expect(run.events).toContainEqual({
    kind: "rescaled",
    from: { processes: 2, threads: 1 },
    to: { processes: 3, threads: 1 },
    stallMilliseconds: 100,
  });
});

test.each([
  [0, "not a number of processes"],
  [1.5, "not a number of processes"],
  [2, "has 2 processes already"],
  [9, "only 8 partitions"],
  [3, "process 2 is not there yet"],
])("a rescale to %s is refused: %s", async (processes, why) => {
  const run = lead();
  await run.turns();
  await expect(run.leader.rescale(processes)).rejects.toMatchObject({
    code: "WEIR_RESCALE_REFUSED",
    message: expect.stringContaining(why),
  });
});

test("one change at a time", async () => {
  const run = lead({ there: 3 });
  await run.turns();
  const first = run.leader.rescale(3);
  await expect(run.leader.rescale(1)).rejects.toMatchObject({
    code: "WEIR_RESCALE_REFUSED",
    message: expect.stringContaining("another"),
  });
  await run.turns();
  await run.pass(100);
  await first;
});

test("without a store there is nothing to rescale by", async () => {
  const run = lead({ store: undefined });
  await run.turns();
  await expect(run.leader.rescale(1)).rejects.toMatchObject({
    code: "WEIR_RESCALE_REFUSED",
    message: expect.stringContaining("store"),
  });
});

test("a peer lost before the commit leaves the old topology, and the request is told", async () => {
  const run = lead({ there: 3 });
  await run.turns();
  run.answer(false);
  const asked = run.leader.rescale(3);
  run.answer(true);
  run.go(1);
  await expect(asked).rejects.toMatchObject({ code: "WEIR_PEER_LOST" });
  expect((await run.manifest()).topology.processes).toBe(2);
});

test("a peer lost after the commit changes nothing of it: the request is answered when the new topology runs", async () => {
  const run = lead({ there: 3 });
  await run.turns();
  const asked = run.leader.rescale(3);
  await run.turns();
  run.go(2);
  await run.turns();
  expect((await run.manifest()).topology.processes).toBe(3);
  run.come(2);
  await run.turns();
  await run.pass(100);
  expect(await asked).toMatchObject({ execution: 3, epoch: 1 });
});

test("a flow that ends right behind a rescale answers the request", async () => {
  const run = lead({ there: 3 });
  await run.turns();
  const asked = run.leader.rescale(3);
  await run.turns();
  run.leader.handle(0, { kind: "partEnded", execution: 2, step: "in", part: "a" });
  await run.turns(40);
  await expect(run.ended).resolves.toBe("completed");
  expect(await asked).toMatchObject({ execution: 2, epoch: 1 });
});

test("a flow that fails for good right behind a rescale tells whoever asked", async () => {
  const run = lead({ there: 3 });
  await run.turns();
  const asked = run.leader.rescale(3);
  asked.catch(() => undefined);
  await run.turns();
  run.leader.handle(1, { kind: "failed", execution: 2, error: { code: "WEIR_STEP_FAILED", message: 'step "x"', step: "x" } });
  await run.turns();
  await expect(run.ended).rejects.toMatchObject({ code: "WEIR_STEP_FAILED" });
  await expect(asked).rejects.toMatchObject({ code: "WEIR_STEP_FAILED" });
});

test("when the last snapshot is old, one is taken while the flow goes on, and read by who will join, before it stands still", async () => {
  const run = lead({ there: 3, snapshotMs: 1_000_000, sleep: () => new Promise(() => {}) });
  await run.turns();
  run.come(2);
  await run.pass(5_000);
  const ticks = () => run.sent.flatMap(({ to, message }) => (to === 0 && message.kind === "tick" ? [message] : []));
  const asked = run.leader.rescale(3);
  await run.turns();
  const { epoch } = (await run.manifest()).snapshots.at(-1)!;
  expect(ticks().map(({ snapshot, draining }) => [snapshot, draining])).toContainEqual([true, false]);
  expect(ticks().some(({ draining }) => draining)).toBe(false);
  expect(run.sent).toContainEqual({ to: 2, message: expect.objectContaining({ kind: "standby", outlook: expect.anything() }) });
  await expect(run.leader.rescale(4)).rejects.toMatchObject({ message: expect.stringContaining("another") });
  run.leader.handle(2, { kind: "ahead", execution: 1, epoch });
  await run.turns();
  expect(await run.manifest()).toMatchObject({ execution: 2, topology: { processes: 3 } });
  await run.pass(100);
  expect(await asked).toEqual({ execution: 2, epoch: epoch + 1, stallMilliseconds: 100 });
});

test("who is asked to join and goes away meanwhile is told of, and the flow goes on as it was", async () => {
  const run = lead({ there: 3, snapshotMs: 1_000_000, sleep: () => new Promise(() => {}) });
  await run.turns();
  run.come(2);
  await run.pass(5_000);
  const asked = run.leader.rescale(3);
  await run.turns();
  run.go(2);
  await expect(asked).rejects.toMatchObject({
    code: "WEIR_RESCALE_REFUSED",
    message: expect.stringContaining("process 2 went away"),
  });
  expect((await run.manifest()).topology.processes).toBe(2);
  run.come(2);
  await run.turns();
  const again = run.leader.rescale(3);
  await run.turns();
  await run.pass(100);
  expect(await again).toMatchObject({ execution: 2 });
});

test("on the way down those who stay read ahead what they will gain, process 0 included", async () => {
  const run = lead({ topology: { processes: 3, threads: 1 }, snapshotMs: 1_000_000, sleep: () => new Promise(() => {}) });
  await run.turns();
  await run.pass(5_000);
  run.come(1);
  const asked = run.leader.rescale(2);
  await run.turns();
  const outlooks = run.sent.flatMap(({ to, message }) => (message.kind === "outlook" ? [[to, message] as const] : []));
  expect(outlooks.map(([to]) => to)).toEqual([0, 1]);
  const { assignment, snapshots } = await run.manifest();
  const { epoch } = snapshots.at(-1)!;
  const gained = outlooks.flatMap(([, { partitions }]) => partitions);
  expect(gained.toSorted()).toEqual([...assignment.keys()].filter((partition) => assignment[partition] === 2));
  run.leader.handle(1, { kind: "ahead", execution: 1, epoch });
  await run.turns();
  expect((await run.manifest()).topology.processes).toBe(3);
  run.leader.handle(0, { kind: "ahead", execution: 1, epoch });
  await run.turns();
  expect((await run.manifest()).topology.processes).toBe(2);
  await run.pass(100);
  expect(await asked).toMatchObject({ execution: 2 });
});
