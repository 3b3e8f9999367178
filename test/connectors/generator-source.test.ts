import { expect, test } from "vitest";
import { generatorSource } from "../../runtime/connectors/index.ts";
import { timetable } from "../../runtime/connectors/timetable.ts";
import fc from "fast-check";
import { batchesOf, context, expectResumable, readPart } from "./reading.ts";
import { Dataflow } from "../../runtime/index.ts";
import { runMain, testSink } from "../../runtime/testing/index.ts";

const make = (index: number, part: number) => `${part}:${index}`;

test("each part makes its own records, in batches, and ends at its count", async () => {
  const source = generatorSource({ parts: 3, count: 5, batchSize: 2, make });
  expect(await source.listParts()).toEqual(["0", "1", "2"]);
  expect(await batchesOf(await source.buildPart("2", undefined))).toEqual([["2:0", "2:1"], ["2:2", "2:3"], ["2:4"]]);
  expect(await readPart(generatorSource({ parts: 1, count: 0, make }))).toEqual([]);
});

test("resumes at every batch", async () => {
  expect(await expectResumable(generatorSource({ parts: 1, count: 9, batchSize: 4, make }), "0")).toHaveLength(9);
});

test("with a rate, records come when they are due; asked in between it says when", async () => {
  const clock = { now: 1_000 };
  const part = await generatorSource({ parts: 1, ratePerSecond: 100, make }).buildPart("0", undefined, context(clock));
  const read = async () => [...(await part.nextBatch())!];
  expect(await read()).toEqual(["0:0"]);
  expect(await read()).toEqual([]);
  expect(part.nextAwake!()).toBe(1_010);
  clock.now = 1_035;
  expect(await read()).toEqual(["0:1", "0:2", "0:3"]);
  expect(part.nextAwake!()).toBe(1_040);
});

test("lag is what is overdue, and what was missed while nobody read counts", async () => {
  const clock = { now: 0 };
  const source = generatorSource({ parts: 1, count: 500, ratePerSecond: 1_000, batchSize: 10, make });
  const part = await source.buildPart("0", undefined, context(clock));
  clock.now = 99;
  expect(await part.lag!()).toBe(100);
  part.nextBatch();
  expect(await part.lag!()).toBe(90);
  expect(part.nextAwake!()).toBeUndefined();
  clock.now = 299;
  const resumed = await source.buildPart("0", part.snapshot(), context(clock));
  expect(await resumed.lag!()).toBe(290);
  clock.now = 10_000;
  expect(await resumed.lag!()).toBe(490);
});

test("without a rate lag is what is left, and unknown where there is no end", async () => {
  const part = await generatorSource({ parts: 1, count: 7, batchSize: 3, make }).buildPart("0", undefined);
  expect(await part.lag!()).toBe(7);
  part.nextBatch();
  expect(await part.lag!()).toBe(4);
  expect((await generatorSource({ parts: 1, make }).buildPart("0", undefined)).lag).toBeUndefined();
});

test("a clock that is set back gives nothing and takes nothing back", async () => {
  const clock = { now: 1_000 };
  const part = await generatorSource({ parts: 1, ratePerSecond: 10, make }).buildPart("0", undefined, context(clock));
  part.nextBatch();
  clock.now = 0;
  expect([...(await part.nextBatch())!]).toEqual([]);
  expect(await part.lag!()).toBe(0);
  expect(part.nextAwake!()).toBe(1_100);
});

test("a timetable's next time is one at which something is due, and not before", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.001, max: 5e6, noNaN: true }),
      fc.integer({ min: 0, max: 2e12 }),
      fc.integer({ min: 0, max: 1e6 }),
      (rate, start, records) => {
        const { due, dueAt } = timetable(start, rate);
        const at = dueAt(records);
        expect(due(at)).toBeGreaterThan(records);
        expect(due(at - 2)).toBeLessThanOrEqual(records + Math.ceil(rate / 500));
      },
    ),
  );
});

test.each([
  [{ parts: 0 }],
  [{ parts: 1, count: -1 }],
  [{ parts: 1, count: 1.5 }],
  [{ parts: 1, ratePerSecond: 0 }],
  [{ parts: 1, ratePerSecond: NaN }],
  [{ parts: 1, batchSize: 0 }],
  [{ parts: 1, make: undefined as never }],
])("%j is refused", (options) => {
  expect(() => generatorSource({ make, ...options })).toThrow(expect.objectContaining({ code: "WEIR_FLOW_OPTION" }));
});

test.each([false, true])(
  "a make that throws stops the flow, naming the step and keeping the cause; a chain behind it: %s",
  async (chain) => {
    const flow = new Dataflow("making");
    const make = (): never => {
      throw new Error("cannot");
    };
    const made = flow.input("in", generatorSource<never>({ parts: 1, count: 1, make }));
    (chain ? made.map("map", (item) => item) : made).output("out", testSink<never>([]));
    await expect(runMain(flow)).rejects.toMatchObject({ code: "WEIR_SOURCE_FAILED", step: "in", cause: { message: "cannot" } });
  },
);
