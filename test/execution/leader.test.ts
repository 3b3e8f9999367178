import { expect, test } from "vitest";
import { WeirError } from "../../runtime/errors/index.ts";
import { createMemoryStore } from "../../runtime/recovery/index.ts";
import { lead } from "./leading.ts";

test("claims, prepares everybody, and commits what all have sealed", async () => {
  const run = lead();
  await run.turns();
  expect(run.prepares()).toEqual([
    { kind: "prepare", execution: 1, topology: { processes: 2, threads: 1 }, assignment: expect.any(Array), keep: false },
  ]);
  await run.pass(1000);
  const manifest = await run.manifest();
  expect(manifest.snapshots.map(({ epoch, execution }) => [epoch, execution])).toEqual([[1, 1]]);
  expect(manifest.owner).toBe("a test");
});

test("waits for the processes that are missing, and says which", async () => {
  const run = lead({ there: 1 });
  await run.turns();
  expect(run.events).toContainEqual({ kind: "waiting", missing: [1] });
  expect(run.prepares()).toEqual([]);
  run.come(1);
  await run.turns();
  expect(run.prepares()).toHaveLength(1);
});

test("a lost peer ends the execution; the next goes on from the last snapshot when the peer is back", async () => {
  const run = lead();
  await run.turns();
  await run.pass(1000);
  run.go(1);
  await run.turns();
  expect(run.sent.at(-1)!.message).toMatchObject({ kind: "end", outcome: { kind: "lost" } });
  expect(run.events.at(-1)).toEqual({ kind: "waiting", missing: [1] });
  expect((await run.manifest()).execution).toBe(2);
  run.come(1);
  await run.turns();
  expect(run.prepares().at(-1)).toMatchObject({ execution: 2, snapshot: { epoch: 1 }, keep: false });
});

test("failures that may pass are tried again with growing pauses, and not for ever; a commit starts the count anew", async () => {
  const run = lead();
  const fail = async (): Promise<void> => {
    const error = { code: "WEIR_STORE_FAILED", message: "the disk is full" } as const;
    run.leader.handle(1, { kind: "failed", execution: run.prepares().at(-1)!.execution, error });
    await run.turns();
  };
  await run.turns();
  for (let attempt = 0; attempt < 5; attempt++) await fail();
  expect(run.log).toEqual(["sleep 100", "sleep 200", "sleep 400", "sleep 800"]);
  await run.pass(1000);
  for (let attempt = 0; attempt < 8; attempt++) await fail();
  expect(run.log.slice(4)).toEqual(["sleep 100", "sleep 200", "sleep 400", "sleep 800", "sleep 1600", "sleep 3200", "sleep 5000"]);
  await fail();
  await expect(run.ended).rejects.toMatchObject({ code: "WEIR_STORE_FAILED", message: "the disk is full" });
});

test("a failure that does not pass ends the flow", async () => {
  const run = lead();
  await run.turns();
  run.leader.handle(1, { kind: "failed", execution: 1, error: { code: "WEIR_STEP_FAILED", message: 'step "x"', step: "x" } });
  await expect(run.ended).rejects.toMatchObject({ code: "WEIR_STEP_FAILED", step: "x" });
});

test("without a store executions still grow, from one life of process 0 to the next, and fit a frame", async () => {
  const run = lead({ store: undefined });
  await run.turns();
  run.leader.handle(1, {
    kind: "failed",
    execution: run.prepares()[0]!.execution,
    error: { code: "WEIR_PEER_LOST", message: "gone" },
  });
  await run.turns();
  const [first, second] = run.prepares().map(({ execution }) => execution);
  expect(second).toBe(first! + 1);
  expect(first).toBe(1_700_000_000);
});

test("the store's topology wins when it is to be kept, and else the one that is asked for", async () => {
  const store = createMemoryStore({ url: "memory://kept" });
  const before = lead({ store, topology: { processes: 3, threads: 1 } });
  await before.turns();
  before.leader.drain(false);
  await before.ended;
  const kept = lead({ store, keepTopology: true, topology: { processes: 1, threads: 2 }, there: 3 });
  await kept.turns();
  expect(kept.prepares()[0]!.topology).toEqual({ processes: 3, threads: 2 });
  expect(kept.leader.topology.processes).toBe(3);
  const asked = lead({ store, topology: { processes: 1, threads: 2 } });
  await asked.turns();
  expect(asked.prepares()[0]!.topology).toEqual({ processes: 1, threads: 2 });
});

test("of two that claim one store the later wins, and the other stops and says who owns it", async () => {
  const store = createMemoryStore({ url: "memory://claimed" });
  const first = lead({ store, owner: "the first" });
  await first.turns();
  const second = lead({ store, owner: "the second" });
  await second.turns();
  await second.pass(1000);
  await first.pass(1000);
  await expect(first.ended).rejects.toMatchObject({ code: "WEIR_STORE_OWNED", message: expect.stringContaining("the second") });
  expect((await second.manifest()).snapshots.map(({ execution }) => execution)).toEqual([2]);
});

test.each([
  ["another number of partitions", { partitions: 16 }, "WEIR_PARTITIONS_CHANGED"],
  ["another flow", { flowId: "other" }, "WEIR_STORE_FLOW"],
  ["a step with state that is gone", { steps: ["sum"] }, "WEIR_STATE_DROPPED"],
  ["an epoch that is not retained", { restore: { epoch: 99 } }, "WEIR_SNAPSHOT_NOT_RETAINED"],
])("refuses %s, and writes nothing", async (_what, changed, code) => {
  const store = createMemoryStore({ url: "memory://refused" });
  const before = lead({ store });
  await before.turns();
  await before.pass(1000);
  before.leader.drain(false);
  await before.ended;
  const was = await store.get("manifest.json");
  const after = lead({ store, ...changed });
  await expect(after.ended).rejects.toMatchObject({ code });
  expect((await store.get("manifest.json"))!.version).toBe(was!.version);
});

test("what was prepared and never committed is given up after the next claim; what was committed is settled again", async () => {
  const run = lead();
  await run.turns();
  run.preparing([["out", "first"]]);
  await run.pass(1000);
  expect(run.log).toEqual(["settle out first"]);
  // Process 1 does not seal the second snapshot any more.
  run.answer(false);
  await run.pass(1000);
  const tick = run.sent.findLast(({ message }) => message.kind === "tick" && message.snapshot)!.message as { epoch: number };
  run.preparing([["out", "second"]]);
  run.seal(0, 1, tick.epoch - 1);
  run.answer(true);
  run.preparing([]);
  run.go(1);
  await run.turns();
  expect(run.log.slice(1)).toEqual(["abandon out second", "settle out first"]);
});

test("a commit whose answer is lost is not given up when the store has it", async () => {
  const store = createMemoryStore({ url: "memory://lost" });
  let fail = false;
  const unsure = {
    ...store,
    putIf: async (...[name, bytes, version]: Parameters<typeof store.putIf>) => {
      const written = await store.putIf(name, bytes, version);
      if (!fail) return written;
      fail = false;
      throw new WeirError("WEIR_STORE_FAILED", "no answer");
    },
  };
  const run = lead({ store: unsure });
  await run.turns();
  run.preparing([["out", "first"]]);
  fail = true;
  await run.pass(1000);
  run.preparing([]);
  await run.turns();
  expect(run.prepares()).toHaveLength(2);
  expect(run.log.filter((line) => !line.startsWith("sleep"))).toEqual(["settle out first"]);
});

test("files are merged after a commit that has left many, unless its execution ended while its transactions were settled", async () => {
  for (const late of [false, true]) {
    const held = Promise.withResolvers<void>();
    let settles = 0;
    const settle = async (values: readonly unknown[]): Promise<void> => {
      if (values.length > 0 && ++settles === 1 && late) await held.promise;
    };
    const run = lead({ deltas: true, settle });
    const merged = () => run.sent.flatMap(({ message }) => (message.kind === "compact" ? [message] : []));
    await run.turns();
    for (let commit = 0; commit < 8; commit++) await run.pass(1000);
    expect(merged()).toEqual([]);
    run.preparing([["out", "slow"]]);
    await run.pass(1000);
    if (!late) {
      expect(merged()).toHaveLength(2);
      expect(merged()[0]).toMatchObject({ execution: 1, plan: { execution: 1, epoch: 9 } });
      continue;
    }
    run.preparing([]);
    run.go(1);
    run.come(1);
    await run.turns();
    expect(run.prepares().at(-1)).toMatchObject({ execution: 2, snapshot: { epoch: 9 } });
    expect(settles).toBe(2);
    held.resolve();
    await run.turns();
    // The second execution may have replaced those files: it plans on its own commits.
    expect(merged()).toEqual([]);
    await run.pass(1000);
    expect(merged()[0]).toMatchObject({ execution: 2, plan: { execution: 2, epoch: 10 } });
  }
});

test("goes when it is asked to, also while it waits for others", async () => {
  for (const stay of [true, false]) {
    const waiting = lead({ there: 1 });
    await waiting.turns();
    waiting.leader.drain(stay);
    await expect(waiting.ended).resolves.toBe("drained");
    const running = lead();
    await running.turns();
    running.leader.drain(stay);
    await expect(running.ended).resolves.toBe("drained");
    expect((await running.manifest()).snapshots).toHaveLength(1);
  }
});

test("who stands by is told what a rescale would bring", async () => {
  const run = lead({ there: 4 });
  for (const process of [2, 3]) run.come(process);
  await run.turns();
  const standbys = () => run.sent.filter(({ message }) => message.kind === "standby");
  expect(standbys().map(({ to }) => to)).toEqual([2, 3]);
  await run.pass(1000);
  const outlooks = standbys().slice(2);
  expect(outlooks.map(({ to }) => to)).toEqual([2, 3]);
  for (const { message } of outlooks)
    expect(message).toMatchObject({ outlook: { snapshot: { epoch: 1 }, partitions: [expect.any(Number), expect.any(Number)] } });
});
