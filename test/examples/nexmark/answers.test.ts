/** Nexmark's answers are those of SQL over the same events: on any number of workers, waiting or not, and though the run dies on the way. */
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { events, linesIn, nexmarkFlow } from "../../../examples/nexmark/flow.ts";
import { queries, type QueryName } from "../../../examples/nexmark/queries.ts";
import { ABORT, runMain, testSource } from "../../../runtime/testing/index.ts";
import { scratch, type Scratch } from "../../testing/runs.ts";
import { answerIn, sample, sampleEvents } from "./runs.ts";
import { sqlAnswers } from "./sql.ts";

let wanted: Record<string, string[]>;
beforeAll(() => void (wanted = sqlAnswers(sampleEvents())));
let disk: Scratch;
beforeEach(() => void (disk = scratch()));
afterEach(() => disk.remove());

const names = Object.keys(queries) as QueryName[];

test("the sample has something for each query to find", () => {
  for (const name of names) expect(wanted[name]!.length, name).toBeGreaterThan(name === "q4" ? 4 : 5);
  expect(wanted.q5!.some((row) => (JSON.parse(row) as { auctions: number[] }).auctions.length > 1)).toBe(true);
});

describe.each(names)("%s", (name) => {
  const out = (): string => join(disk.directory, "out");

  test.each([1, 2, 3])("from as many sources, on %i workers", async (workers) => {
    const source = events({ ...sample, parts: workers });
    await runMain(nexmarkFlow(name, queries[name], { sink: linesIn(out()), source, waitMs: Infinity }), { workers, epochMs: 10 });
    expect(answerIn(out(), name)).toEqual(wanted[name]);
  });

  test("from one source in order, with windows that close on the way", async () => {
    const source = events({ ...sample, parts: 1, batchSize: 100 });
    const flow = nexmarkFlow(name, queries[name], { sink: linesIn(out()), source, waitMs: 3_000 });
    await runMain(flow, { workers: 2, epochMs: 0, now: () => 0 });
    expect(answerIn(out(), name)).toEqual(wanted[name]);
  });

  test("though it dies twice and goes on, on 2, 3 and 1 workers", async () => {
    const all: (ReturnType<typeof sampleEvents>[number] | typeof ABORT)[] = sampleEvents();
    all.splice(4_100, 0, ABORT);
    all.splice(1_700, 0, ABORT);
    const source = testSource(all, { batchSize: 250 });
    const flow = nexmarkFlow(name, queries[name], { sink: linesIn(out()), source, waitMs: 3_000 });
    const recovery = { store: disk.store, snapshotMs: 0, partitions: 16 };
    for (const workers of [2, 3, 1]) await runMain(flow, { workers, epochMs: 0, now: () => 0, recovery });
    expect(answerIn(out(), name)).toEqual(wanted[name]);
    expect(disk.manifest()).toMatchObject({ execution: 3, topology: { threads: 1 } });
  });
});
