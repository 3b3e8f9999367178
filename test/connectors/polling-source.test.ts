import { expect, test } from "vitest";
import { RetryAfter, type PollingOptions, pollingSource } from "../../runtime/connectors/index.ts";
import { type ManualClock, context } from "./reading.ts";

type Getter = PollingOptions<string, number>["getter"];
const counting: Getter = (state = 0) => [`item ${state}`, state + 1];
const open = (clock: ManualClock, options: Partial<PollingOptions<string, number>>, resume?: number) =>
  pollingSource<string, number>({ intervalMs: 100, getter: counting, ...options }).buildPart("singleton", resume, context(clock));

test("asks at once, then every interval, without drift", async () => {
  const clock = { now: 1_000 };
  const part = await open(clock, {});
  expect(part.nextAwake!()).toBe(1_000);
  expect(await part.nextBatch()).toEqual(["item 0"]);
  clock.now = 1_107;
  expect(await part.nextBatch()).toEqual(["item 1"]);
  expect(part.nextAwake!()).toBe(1_200);
});

test("catches up on what was missed, one by one", async () => {
  const clock = { now: 0 };
  const part = await open(clock, {});
  clock.now = 250;
  for (const item of ["item 0", "item 1", "item 2"]) expect(await part.nextBatch()).toEqual([item]);
  expect(part.nextAwake!()).toBe(300);
  expect(await part.nextBatch()).toEqual([]);
});

test("aligned, the first time is the next on the grid", async () => {
  const clock = { now: 1_234 };
  const part = await open(clock, { alignTo: new Date(30) });
  expect(part.nextAwake!()).toBe(1_330);
  expect(await part.nextBatch()).toEqual([]);
  clock.now = 1_331;
  expect(await part.nextBatch()).toEqual(["item 0"]);
  expect(part.nextAwake!()).toBe(1_430);
  expect((await open({ now: 1_330 }, { alignTo: 30 })).nextAwake!()).toBe(1_330);
  expect((await open({ now: 10 }, { alignTo: 9_030 })).nextAwake!()).toBe(30);
});

test("an undefined item is none; false items are items", async () => {
  const items = [undefined, "", undefined, "x"];
  const clock = { now: 0 };
  const part = await open(clock, { getter: (state = 0) => [items[state], state + 1] });
  const got: unknown[] = [];
  for (; clock.now <= 300; clock.now += 100) got.push(...(await part.nextBatch())!);
  expect(got).toEqual(["", "x"]);
});

test("goes on with the state of the snapshot", async () => {
  const clock = { now: 0 };
  const part = await open(clock, { getter: async (state = 5) => [`item ${state}`, state + 1] });
  expect(await part.nextBatch()).toEqual(["item 5"]);
  expect(part.snapshot()).toBe(6);
  expect(await (await open(clock, {}, part.snapshot())).nextBatch()).toEqual(["item 6"]);
});

test("RetryAfter is asked again then, with the state unchanged, and the interval counts from there", async () => {
  const clock = { now: 0 };
  let refuse = true;
  const getter: Getter = (state = 0) => {
    if (refuse) throw new RetryAfter(30);
    return counting(state);
  };
  const part = await open(clock, { getter });
  expect(await part.nextBatch()).toEqual([]);
  expect(part.nextAwake!()).toBe(30);
  refuse = false;
  clock.now = 30;
  expect(await part.nextBatch()).toEqual(["item 0"]);
  expect(part.nextAwake!()).toBe(130);
});

test("after a retry an aligned source is back on its grid", async () => {
  const clock = { now: 0 };
  let refuse = true;
  const part = await open(clock, {
    alignTo: 0,
    getter: () => {
      if (refuse) throw new RetryAfter(30);
      return counting(0);
    },
  });
  await part.nextBatch();
  refuse = false;
  clock.now = 30;
  expect(await part.nextBatch()).toEqual(["item 0"]);
  expect(part.nextAwake!()).toBe(100);
});

test("a retry counts from when it was asked for, even if that was late", async () => {
  const clock = { now: 0 };
  const part = await open(clock, {
    getter: () => {
      throw new RetryAfter(30);
    },
  });
  clock.now = 5_000;
  await part.nextBatch();
  expect(part.nextAwake!()).toBe(5_030);
});

test("other errors pass through; a wrong answer is one", async () => {
  const mine = new Error("mine");
  await expect((await open({ now: 0 }, { getter: () => Promise.reject(mine) })).nextBatch()).rejects.toBe(mine);
  await expect((await open({ now: 0 }, { getter: () => "item" as never })).nextBatch()).rejects.toThrow(
    expect.objectContaining({ code: "WEIR_BAD_RETURN" }),
  );
});

test("options that make no sense are refused", () => {
  const refused = expect.objectContaining({ code: "WEIR_FLOW_OPTION" });
  expect(() => pollingSource({ intervalMs: 0, getter: counting })).toThrow(refused);
  expect(() => pollingSource({ intervalMs: 1, alignTo: NaN, getter: counting })).toThrow(refused);
  expect(() => pollingSource({ intervalMs: 1, getter: undefined as never })).toThrow(refused);
  expect(() => new RetryAfter(-1)).toThrow(refused);
});
