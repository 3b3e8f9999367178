import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { repository } from "../../../bench/cache.ts";
import { addShares, describe } from "../../../bench/report/profile.ts";

const url = (path: string): string => pathToFileURL(`${repository}/${path}`).href;
const frames = [
  ["(root)", ""],
  ["(idle)", ""],
  ["(garbage collector)", ""],
  ["onBatch", url("runtime/flow/stateful/map-driver.ts")],
  ["nextBatch", url("bench/data/integers.ts")],
  ["eventAt", url("examples/nexmark/events.ts")],
] as const;
const nodes = frames.map(([functionName, address], id) => ({ id, callFrame: { functionName, url: address } }));

test("self times are summed up by part of the runtime, without waiting, from the moment a flow is at work", () => {
  const parts = new Map<string, number>();
  const functions = new Map<string, number>();
  addShares({ startTime: 0, nodes, samples: [4, 1, 3, 3, 4, 5, 2], timeDeltas: [500, 900, 30, 30, 20, 10, 10] }, parts, functions);
  const words = describe("1 worker", parts, functions);
  expect(words).toContain("1 worker: 60% `runtime/flow/stateful`, 30% the flow's own functions, its source and sink, 10% garbage");
  expect(words).toContain("`onBatch` of runtime/flow/stateful/map-driver.ts (60%), `nextBatch` of bench/data/integers.ts (20%)");
});
