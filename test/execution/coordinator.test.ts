/** The coordinator as what it is: messages and time in, messages out. */
import { expect, test } from "vitest";
import { WeirError } from "../../runtime/errors/index.ts";
import { toWireError } from "../../runtime/execution/messages.ts";
import { coordinate, execution } from "./coordinate.ts";

test("nothing begins before every process has loaded, and nobody counts twice", async () => {
  const run = coordinate({ processes: 3 });
  run.from(0, { kind: "loaded" });
  run.from(0, { kind: "loaded" });
  run.from(1, { kind: "loaded" });
  run.pass(10_000);
  expect(await run.said()).toEqual([]);
  run.from(2, { kind: "loaded" });
  expect(await run.said()).toEqual(['begin 5 {"in":[["a",0],["b",1],["c",2]]} {"out":["x","y"]}']);
});

test("a source with one reader per worker lists nothing and ends when all readers have", async () => {
  const run = coordinate({ sources: [{ step: "each" }], threads: 2 });
  expect(await run.begun()).toEqual(['begin 5 {} {"out":["x","y"]}']);
  await run.end(["worker-0", "worker-1", "worker-2"], "each");
  expect(await run.said()).toEqual([]);
  await run.end(["worker-3"], "each");
  expect(await run.said()).toEqual(["tick 6 snapshot ended each"]);
});

test("epochs follow each other in their length, and none is opened while too many are open", async () => {
  const run = coordinate({ maxOpenEpochs: 3 });
  await run.begun();
  run.pass(99);
  expect(await run.said()).toEqual([]);
  expect(run.coordinator.nextTime()).toBe(1100);
  for (let passed = 0; passed < 5; passed++) run.pass(100);
  expect(await run.said()).toEqual(["tick 6", "tick 7", "tick 8"]);
  run.coordinator.frontier(7);
  expect(await run.said()).toEqual(["tick 9"]);
  // An old report changes nothing.
  run.coordinator.frontier(6);
  expect(run.coordinator.epoch).toBe(9);
});

test("a snapshot commits when all have sealed it, once, and the next waits for it", async () => {
  const run = coordinate({ snapshotMs: 100, maxOpenEpochs: 100 });
  await run.begun();
  run.pass(100);
  expect(await run.said()).toEqual(["tick 6 snapshot"]);
  run.pass(100);
  run.pass(100);
  expect(await run.said()).toEqual(["tick 7", "tick 8"]);
  run.seal(5, 1);
  run.seal(4);
  await run.turn();
  expect(run.commits).toHaveLength(0);
  run.seal(5);
  run.seal(5);
  run.pass(100);
  await run.turn();
  expect(run.commits.map(({ epoch, sealed }) => [epoch, sealed.length])).toEqual([[5, 2]]);
  expect(await run.said()).toEqual(["tick 9"]);
  run.commits[0]!.resolve();
  expect(await run.said()).toEqual(["committed 5 10"]);
  run.pass(100);
  expect(await run.said()).toEqual(["tick 10 snapshot"]);
});

test("epochs of zero length: one batch, one epoch, and sources read on when it is finished and committed", async () => {
  const run = coordinate({ epochMs: 0, snapshotMs: 0 });
  await run.begun();
  run.pass(1000);
  expect(await run.said()).toEqual([]);
  run.from(1, { kind: "endBatch", epoch: 5 });
  run.from(0, { kind: "endBatch", epoch: 5 });
  expect(await run.said()).toEqual(["tick 6 snapshot"]);
  run.coordinator.frontier(6);
  run.seal(5);
  expect(await run.said()).toEqual([]);
  run.commits[0]!.resolve();
  expect(await run.said()).toEqual(["committed 5 10", "release 6"]);
  run.from(0, { kind: "endBatch", epoch: 6 });
  expect(await run.said()).toEqual(["tick 7 snapshot"]);
});

test("an input whose parts have ended is listed once more, goes on with what is new, and ends behind a last snapshot", async () => {
  let listed = ["a", "b", "c"];
  const run = coordinate({ sources: [{ step: "in", list: () => listed }] });
  await run.begun();
  listed = ["a", "b", "c", "d"];
  await run.end(["a", "b", "c"]);
  expect(await run.said()).toEqual(["assign in d 1"]);
  await run.end(["d"]);
  expect(await run.said()).toEqual(["tick 6 snapshot ended in"]);
  run.pass(5000);
  run.seal(5);
  await run.turn();
  run.commits[0]!.resolve();
  expect(await run.said()).toEqual(["committed 5 10", "end completed"]);
  run.pass(5000);
  run.seal(6);
  expect(await run.said()).toEqual([]);
});

test("one input of two ends with a tick of its own, and the flow with the last", async () => {
  const run = coordinate({
    sources: [
      { step: "in", list: () => ["a"] },
      { step: "more", list: () => ["m"] },
    ],
    snapshotMs: undefined,
  });
  await run.begun();
  await run.end(["a"]);
  expect(await run.said()).toEqual(["tick 6 ended in"]);
  await run.end(["m"], "more");
  expect(await run.said()).toEqual(["tick 7 ended more"]);
  run.from(0, { kind: "done" });
  expect(await run.said()).toEqual([]);
  run.from(1, { kind: "done" });
  expect(await run.said()).toEqual(["end completed"]);
});

test("a listing that is interrupted is made again, also the last one of an input, and one that takes long keeps no other from theirs", async () => {
  const asked = { slow: 0, away: 0 };
  const run = coordinate({
    sources: [
      { step: "slow", list: () => (asked.slow++ === 0 ? ["s"] : new Promise<string[]>(() => undefined)) },
      {
        step: "away",
        list: async () => {
          if (++asked.away === 2 || asked.away === 4) throw new WeirError("WEIR_SOURCE_INTERRUPTED", "503");
          return asked.away === 3 ? ["a", "b"] : ["a"];
        },
      },
    ],
    maxOpenEpochs: 100,
  });
  await run.begun();
  const listed = async (): Promise<string[]> => {
    run.pass(5_000);
    return (await run.said()).filter((line) => !line.startsWith("tick"));
  };
  expect(await listed()).toEqual([]);
  expect(asked).toEqual({ slow: 2, away: 2 });
  expect(run.coordinator.nextTime()).toBeLessThan(Infinity);
  expect(await listed()).toEqual(["assign away b 0"]);
  expect(asked).toEqual({ slow: 2, away: 3 });
  await run.end(["a", "b"], "away");
  expect(asked.away).toBe(4);
  expect((await run.said()).join()).not.toContain("ended");
  run.pass(1);
  await run.turn();
  expect(asked.away).toBe(5);
  run.pass(100);
  expect((await run.said()).join()).toContain("ended away");
});

test("parts that appear are found while the flow runs", async () => {
  let listed = ["a"];
  const run = coordinate({ sources: [{ step: "in", list: () => listed }], snapshotMs: undefined });
  await run.begun();
  listed = ["a", "new"];
  run.pass(5000);
  expect(await run.said()).toEqual(["tick 6", "assign in new 1"]);
});

test.each([
  [{ kind: "drain", stay: true } as const, "end drained 5 stay"],
  [{ kind: "drain", stay: false } as const, "end drained 5"],
  [{ kind: "rescale", to: { processes: 4, threads: 1 } } as const, "end rescaled 5 2 4"],
])("%o ends the execution behind a snapshot, and a second wish is refused", async (how, ending) => {
  const run = coordinate();
  expect(run.coordinator.finish(how)).toBe(false);
  await run.begun();
  expect(run.coordinator.finish(how)).toBe(true);
  expect(run.coordinator.finish({ kind: "drain", stay: false })).toBe(false);
  expect(await run.said()).toEqual(["tick 6 snapshot draining"]);
  run.pass(5000);
  run.seal(5);
  await run.turn();
  expect(run.commits[0]!.rescaleTo).toEqual(how.kind === "rescale" ? how.to : undefined);
  run.commits[0]!.resolve();
  expect(await run.said()).toEqual(["committed 5 10", ending]);
});

test("a snapshot that is under way is committed before the last one is taken, without the next topology", async () => {
  const run = coordinate({ snapshotMs: 100 });
  await run.begun();
  run.pass(100);
  run.coordinator.finish({ kind: "rescale", to: { processes: 1, threads: 1 } });
  run.seal(5);
  expect(await run.said()).toEqual(["tick 6 snapshot"]);
  expect(run.commits[0]!.rescaleTo).toBeUndefined();
  run.commits[0]!.resolve();
  expect(await run.said()).toEqual(["committed 5 10", "tick 7 snapshot draining"]);
  run.seal(6);
  await run.turn();
  expect(run.commits[1]!.rescaleTo).toEqual({ processes: 1, threads: 1 });
});

test("a process that leaves drains the flow, whatever execution it thinks it is in", async () => {
  const run = coordinate();
  await run.begun();
  run.coordinator.handle(1, { kind: "leave" });
  expect(await run.said()).toEqual(["tick 6 snapshot draining"]);
});

test("what comes from another execution is passed over", async () => {
  const run = coordinate({ processes: 1 });
  run.coordinator.handle(0, { kind: "loaded", execution: execution - 1 });
  expect(await run.said()).toEqual([]);
  await run.begun();
  run.coordinator.handle(0, {
    kind: "failed",
    execution: execution - 1,
    error: toWireError(new WeirError("WEIR_STEP_FAILED", "old")),
  });
  expect(await run.said()).toEqual([]);
});

test("failures end the execution once, with the first reason", async () => {
  const run = coordinate();
  await run.begun();
  run.from(1, { kind: "failed", error: toWireError(new WeirError("WEIR_STEP_FAILED", "first")) });
  run.from(0, { kind: "failed", error: toWireError(new WeirError("WEIR_STEP_FAILED", "second")) });
  run.pass(1000);
  expect(await run.said()).toEqual(["end failed WEIR_STEP_FAILED first"]);
});

test("a commit that fails ends the execution; one that succeeds after the end says nothing", async () => {
  const failing = coordinate({ snapshotMs: 100 });
  await failing.begun();
  failing.pass(100);
  failing.seal(5);
  await failing.turn();
  failing.commits[0]!.reject(new Error("disk full"));
  expect(await failing.said()).toEqual([
    "tick 6 snapshot",
    expect.stringMatching(/^end failed WEIR_STORE_FAILED .*epoch 5.*disk full/),
  ]);

  const late = coordinate({ snapshotMs: 100 });
  await late.begun();
  late.pass(100);
  late.seal(5);
  await late.turn();
  late.coordinator.abort({ kind: "lost", error: toWireError(new WeirError("WEIR_PEER_LOST", "gone")) });
  late.commits[0]!.resolve();
  expect(await late.said()).toEqual(["tick 6 snapshot", "end lost WEIR_PEER_LOST gone"]);
});

test("a source or sink that cannot be listed ends the execution and names its step", async () => {
  const broken = coordinate({ sources: [{ step: "in", list: () => Promise.reject(new Error("no such topic")) }] });
  expect(await broken.begun()).toEqual([expect.stringMatching(/^end failed WEIR_SOURCE_FAILED step "in".*no such topic/)]);
  const sink = coordinate({ listSinks: () => Promise.reject(new WeirError("WEIR_SINK_FAILED", 'step "out": no place')) });
  expect(await sink.begun()).toEqual([expect.stringMatching(/^end failed WEIR_SINK_FAILED step "out"/)]);
});

test("snapshots on demand: answered by the commit, together with others, refused when none can be taken", async () => {
  const run = coordinate();
  await expect(run.coordinator.snapshot()).rejects.toMatchObject({ code: "WEIR_EXECUTION_ENDED" });
  await run.begun();
  const first = run.coordinator.snapshot();
  expect(await run.said()).toEqual(["tick 6 snapshot"]);
  const [second, third] = [run.coordinator.snapshot(), run.coordinator.snapshot()];
  run.pass(40);
  run.seal(5);
  await run.turn();
  run.commits[0]!.resolve();
  expect(await first).toEqual({ epoch: 5, bytes: 10, durationMilliseconds: 40 });
  // Asked for while one was under way: the state they ask for is later than that one's.
  expect(await run.said()).toEqual(["committed 5 10", "tick 7 snapshot"]);
  run.seal(6);
  await run.turn();
  run.commits[1]!.resolve();
  expect((await second).epoch).toBe(6);
  expect((await third).epoch).toBe(6);
  const last = run.coordinator.snapshot();
  run.from(0, { kind: "failed", error: toWireError(new WeirError("WEIR_STEP_FAILED", "broken")) });
  await expect(last).rejects.toMatchObject({ message: "broken" });
  const none = coordinate({ snapshotMs: undefined });
  await none.begun();
  await expect(none.coordinator.snapshot()).rejects.toMatchObject({ message: expect.stringContaining("no recovery store") });
});
