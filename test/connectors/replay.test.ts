import fc from "fast-check";
import { expect, test } from "vitest";
import { generatorSource, replay } from "../../runtime/connectors/index.ts";
import type { PartitionedSource, SourcePart } from "../../runtime/flow/source.ts";
import { type ManualClock, context } from "./reading.ts";

/** Batches as given, at once or by promise; its position is the batch's number. */
function scripted(batches: readonly (readonly string[])[], promises = false, lag?: number): PartitionedSource<string, number> {
  return {
    kind: "partitioned",
    listParts: () => ["only"],
    buildPart(_name, resume): SourcePart<string, number> {
      let next = resume ?? 0;
      const read = (): readonly string[] | null => (next < batches.length ? batches[next++]! : null);
      return {
        nextBatch: () => (promises ? Promise.resolve().then(read) : read()),
        snapshot: () => next,
        ...(lag === undefined ? {} : { lag: () => lag }),
      };
    },
  };
}
const open = (source: PartitionedSource<string, number>, rate: number, clock: ManualClock, resume?: any) =>
  replay(source, { ratePerSecond: rate }).buildPart("only", resume, context(clock));

test("gives records when they are due, cutting batches, and says when to come again", async () => {
  const clock = { now: 0 };
  const part = await open(
    scripted([
      ["a", "b", "c"],
      ["d", "e"],
    ]),
    100,
    clock,
  );
  expect(await part.nextBatch()).toEqual(["a"]);
  expect(await part.nextBatch()).toEqual([]);
  expect(part.nextAwake!()).toBe(10);
  clock.now = 10;
  expect(await part.nextBatch()).toEqual(["b"]);
  clock.now = 1_000;
  expect(part.nextAwake!()).toBeUndefined();
  expect(await part.nextBatch()).toEqual(["c"]);
  expect(await part.nextBatch()).toEqual(["d", "e"]);
  expect(await part.nextBatch()).toBeNull();
  expect(part.nextAwake!()).toBeUndefined();
  expect(await part.lag!()).toBe(0);
});

test("lag is what is due and was not taken, at most what is left", async () => {
  const clock = { now: 0 };
  const part = await replay(generatorSource({ parts: 1, count: 100, batchSize: 10, make: (index) => index }), {
    ratePerSecond: 1_000,
  }).buildPart("0", undefined, context(clock));
  expect(await part.lag!()).toBe(1);
  clock.now = 49;
  expect(await part.lag!()).toBe(50);
  await part.nextBatch();
  expect(await part.lag!()).toBe(40);
  clock.now = 5_000;
  expect(await part.lag!()).toBe(90);
});

test("lag where the inner source knows none, and where it is in bytes", async () => {
  const clock = { now: 9 };
  expect(await (await open(scripted([["a"]]), 1_000, { now: 0 })).lag!()).toBe(1);
  const part = await open(scripted([["a", "b"]], false, 30), 1_000, clock);
  clock.now = 1_009;
  expect(await part.lag!()).toBe(30);
});

test("the timetable goes on from where it began, through a resume: what was missed is overdue", async () => {
  const clock = { now: 0 };
  const source = scripted([
    ["a", "b", "c", "d"],
    ["e", "f"],
  ]);
  const part = await open(source, 1, clock);
  expect(await part.nextBatch()).toEqual(["a"]);
  const position = part.snapshot();
  clock.now = 3_000;
  const resumed = await open(source, 1, clock, position);
  expect(await resumed.lag!()).toBe(3);
  expect(await resumed.nextBatch()).toEqual(["b", "c", "d"]);
});

test("any run of batches, promises or not, gives the same sequence, resumed after any step", async () => {
  const name = fc.stringMatching(/^[a-z]$/);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(name, { maxLength: 5 }), { maxLength: 6 }),
      fc.boolean(),
      fc.array(fc.record({ pass: fc.integer({ min: 0, max: 4 }), rebuild: fc.boolean() }), { minLength: 60, maxLength: 60 }),
      async (batches, promises, steps) => {
        const clock = { now: 0 };
        const source = scripted(batches, promises);
        let part = await open(source, 1_000, clock);
        const given: string[] = [];
        for (const { pass, rebuild } of steps) {
          clock.now += pass;
          const batch = await part.nextBatch();
          given.push(...(batch ?? []));
          expect(given.length).toBeLessThanOrEqual(clock.now + 1);
          if (rebuild) part = await open(source, 1_000, clock, JSON.parse(JSON.stringify(part.snapshot())) as never);
        }
        clock.now += 1_000;
        for (let batch = await part.nextBatch(); batch !== null; batch = await part.nextBatch()) given.push(...batch);
        expect(given).toEqual(batches.flat());
      },
    ),
    { numRuns: 200 },
  );
});

test("a position taken while a batch is being read is that of the batches before", async () => {
  const clock = { now: 0 };
  const source = scripted([["a"], ["b"]], true);
  const part = await open(source, 1, clock);
  await part.nextBatch();
  clock.now = 1_000;
  const reading = part.nextBatch();
  const position = part.snapshot();
  await reading;
  expect(await (await open(source, 1, clock, position)).nextBatch()).toEqual(["b"]);
});

test("only partitioned sources and positive rates", () => {
  const refused = expect.objectContaining({ code: "WEIR_FLOW_OPTION" });
  expect(() => replay({ kind: "dynamic" } as never, { ratePerSecond: 1 })).toThrow(refused);
  expect(() => replay(scripted([]), { ratePerSecond: 0 })).toThrow(refused);
});
