/** The host's smaller parts: copies' directory, values as JSON, explanations, the progress line, the status. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { WeirError } from "../../runtime/errors/index.ts";
import { openCacheDirectory } from "../../runtime/host/cache-directory.ts";
import { toJson } from "../../runtime/host/json-value.ts";
import { createProgressLine, describeProgress } from "../../runtime/host/progress-line.ts";
import { addSteps } from "../../runtime/host/readings.ts";
import { explain } from "../../runtime/host/report.ts";
import { createStatusReader, type WorkerStatus } from "../../runtime/host/status.ts";

const directory = mkdtempSync(join(tmpdir(), "weir-host-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("copies are kept of stores that are far away, in a directory that goes with the process", () => {
  expect(openCacheDirectory(undefined, undefined, directory).path).toBeUndefined();
  expect(openCacheDirectory(undefined, "file:///store", directory).path).toBeUndefined();
  const own = openCacheDirectory(undefined, "s3://bucket/x", directory);
  expect(readdirSync(directory)).toEqual([own.path!.slice(directory.length + 1)]);
  own.remove();
  expect(readdirSync(directory)).toEqual([]);
});

test("one that was asked for stays, whatever the store", () => {
  const path = join(directory, "asked/for");
  const asked = openCacheDirectory(path, "file:///store", directory);
  asked.remove();
  expect([asked.path, existsSync(path)]).toEqual([path, true]);
  rmSync(join(directory, "asked"), { recursive: true });
});

test("what a killed process left behind is swept up, and what a living one uses is not", () => {
  // No process has a number as large as this.
  mkdirSync(join(directory, "weir-cache-99999999-abc"));
  mkdirSync(join(directory, `weir-cache-${process.pid}-xyz`));
  mkdirSync(join(directory, "weir-cache-of-mine"));
  const own = openCacheDirectory(undefined, "azure://container", directory);
  expect(readdirSync(directory).toSorted()).toEqual(
    [own.path!.slice(directory.length + 1), `weir-cache-${process.pid}-xyz`, "weir-cache-of-mine"].toSorted(),
  );
  expect(openCacheDirectory(undefined, "s3://b", join(directory, "not/there")).path).toBeUndefined();
});

test("any value that can be kept has a form in JSON", () => {
  const value = {
    big: 12n,
    at: new Date(0),
    map: new Map<unknown, unknown>([["a", new Set([1, undefined])]]),
    bytes: new Uint8Array([1, 2]),
    floats: new Float64Array([1.5, Number.NaN]),
    plain: ["x", null, true, Infinity],
  };
  expect(JSON.parse(JSON.stringify(toJson(value)))).toEqual({
    big: "12",
    at: "1970-01-01T00:00:00.000Z",
    map: [["a", [1, null]]],
    bytes: "AQI=",
    floats: [1.5, "NaN"],
    plain: ["x", null, true, "Infinity"],
  });
});

test("an error is one sentence, the user's frames, and what to do", () => {
  const cause = new TypeError("x is not a function");
  const ours = pathToFileURL(join(import.meta.dirname, "../../runtime/flow/chain/operator.ts")).href;
  cause.stack = `TypeError: x is not a function\n    at price (file:///home/me/flow.ts:3:5)\n    at run (${ours}:1:1)\n    at node:internal/x:1:1`;
  const text = explain(new WeirError("WEIR_STEP_FAILED", 'Step "price" failed', { step: "price", cause }));
  expect(text).toMatch(
    /^weir: Step "price" failed\n {2}TypeError: x is not a function\n {6}at price \(file:\/\/\/home\/me\/flow\.ts:3:5\)\n {2}.*\(WEIR_STEP_FAILED\)$/,
  );
  const system = Object.assign(new Error("listen EADDRINUSE"), {
    stack: "Error: listen EADDRINUSE\n    at new Promise (<anonymous>)",
  });
  expect(explain(new WeirError("WEIR_PORT_IN_USE", "port 1 is in use", { cause: system })).split("\n")).toHaveLength(2);
  // Our own defects are shown whole.
  expect(explain(new Error("an invariant"))).toContain("small-parts.test.ts");
});

const status = (more: Partial<WorkerStatus> = {}): WorkerStatus => ({
  flow: "orders",
  process: 0,
  phase: "running",
  execution: 1,
  topology: { processes: 1, threads: 1 },
  epoch: 12,
  busy: 0,
  steps: [
    { step: "in", kind: "input", upstream: [], recordsIn: 1500, recordsOut: 1500, busySeconds: 0 },
    { step: "map", kind: "map", upstream: ["in"], recordsIn: 1500, recordsOut: 1500, busySeconds: 0 },
  ],
  sources: [
    { step: "in", part: "a", lag: 40 },
    { step: "in", part: "b" },
  ],
  memory: { rssBytes: 0, heapUsedBytes: 0, queueBytes: 0 },
  ...more,
});

test("the progress line counts what inputs sent, of all processes", () => {
  const both = [
    status({ lastSnapshot: { epoch: 10, time: "", bytes: 1, durationMilliseconds: 1 }, topology: { processes: 2, threads: 1 } }),
    status(),
  ];
  expect(describeProgress(both, 99.6, 3000)).toBe(
    "orders running · epoch 12 · 3,000 records · 100/s · lag 80 · snapshot 10 · 2 processes",
  );
  expect(describeProgress([status({ sources: [], epoch: Infinity })], 0, 0)).toBe("orders running · epoch - · 0 records · 0/s");
});

test("it is rewritten in place on a terminal, and a plain line now and then elsewhere", () => {
  const written = (isTTY: boolean): string => {
    let text = "";
    const line = createProgressLine({ isTTY, columns: 30, write: (chunk: string) => ((text += chunk), true) } as never);
    line.show([]);
    line.show([status()]);
    line.show([status()]);
    line.end();
    return text;
  };
  // oxlint-disable-next-line no-control-regex
  expect(written(true)).toMatch(/^\r\u001b\[Korders running · epoch 12 · 1\r\u001b\[Korders.*\n$/);
  expect(written(true).split("\n")).toHaveLength(2);
  expect(written(false)).toMatch(/^(orders running .*\n)?$/);
});

test("steps of several workers add up; a worker without one does not hide it", () => {
  const step = (more: object) => ({ step: "s", kind: "map", upstream: [], recordsIn: 1, recordsOut: 2, busySeconds: 0.5, ...more });
  expect(addSteps([[step({})], [step({ keys: 3 })], []])).toEqual([step({ recordsIn: 2, recordsOut: 4, busySeconds: 1, keys: 3 })]);
});

test("busy is a share between 0 and 1, measured over a second or more, whoever looks in between", async () => {
  let busySeconds = 0;
  const reader = createStatusReader({
    flow: "orders",
    process: 0,
    threads: 1,
    status: () => ({ phase: "running", execution: 3, topology: { processes: 1, threads: 1 }, epoch: 9, frontier: 7 }),
    readings: async () => ({ steps: [], sources: [], busySeconds, queueBytes: 5 }),
  });
  expect(await reader.read()).toMatchObject({ busy: 0, epoch: 7, execution: 3, memory: { queueBytes: 5 } });
  busySeconds = 100;
  expect((await reader.read()).busy).toBe(0);
  await new Promise((resolve) => setTimeout(resolve, 1010));
  expect((await reader.read()).busy).toBe(1);
  // Counters that begin anew (threads of a new execution) do not count backwards.
  busySeconds = 0;
  await new Promise((resolve) => setTimeout(resolve, 1010));
  expect((await reader.read()).busy).toBe(0);
});
