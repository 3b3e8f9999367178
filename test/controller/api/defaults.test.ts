import { expect, test } from "vitest";
import { specProblems, withDefaults, type DataflowSpec } from "../../../controller/api/index.ts";

const image = "ghcr.io/weir-dev/weir:1.2.3";
const smallest: DataflowSpec = { flow: { path: "/app/flow.ts" } };

test("fills in what a spec leaves out and keeps what it says", () => {
  expect(withDefaults(smallest, image)).toEqual({
    image,
    imagePullPolicy: "IfNotPresent",
    flow: { path: "/app/flow.ts", export: "default" },
    workers: 1,
    threadsPerWorker: 1,
    state: "Running",
    epochMilliseconds: 200,
    upgrade: { mode: "Snapshot", progressDeadlineSeconds: 300, rollbackOnFailure: true, allowDroppedState: false },
    deletionPolicy: "Retain",
  });
  const full = withDefaults(
    {
      ...smallest,
      image: "own:1",
      workers: 4,
      recovery: { store: "s3://b/p", retain: 1 },
      autoscaling: { maxWorkers: 3 },
      flow: { configMap: { name: "code" } },
    },
    image,
  );
  expect(full).toMatchObject({
    image: "own:1",
    workers: 4,
    recovery: { store: "s3://b/p", retain: 1, partitions: 128, snapshotIntervalSeconds: 10 },
    autoscaling: { enabled: true, minWorkers: 1, maxWorkers: 3, intervalSeconds: 15, catchUpSeconds: 60 },
    flow: { configMap: { name: "code", key: "flow.ts" } },
  });
  expect(full.autoscaling).not.toHaveProperty("maxLag");
});

test("does not change the object it was given", () => {
  const spec: DataflowSpec = { flow: { path: "/app/flow.ts" }, upgrade: {} };
  const before = structuredClone(spec);
  withDefaults(spec, image);
  expect(spec).toEqual(before);
});

const refused: [string, DataflowSpec, RegExp][] = [
  ["two sources of code", { flow: { path: "/a.ts", inline: "x" } }, /exactly one of inline, configMap and path/],
  ["no code", { flow: {} }, /exactly one/],
  ["a key that is no module", { flow: { configMap: { name: "c", key: "flow" } } }, /configMap\.key: "flow" must end in \.ts/],
  ["an unknown store", { ...smallest, recovery: { store: "gs://x" } }, /recovery\.store: "gs:\/\/x" must be file:/],
  ["a restore without a store", { ...smallest, restoreFrom: { epoch: 1 } }, /restoreFrom: needs spec\.recovery/],
  [
    "a restore from an unknown store",
    { ...smallest, recovery: { store: "s3://a" }, restoreFrom: { epoch: 1, store: "x" } },
    /restoreFrom\.store/,
  ],
  ["autoscaling without recovery", { ...smallest, autoscaling: {} }, /autoscaling: needs spec\.recovery/],
  [
    "bounds the wrong way round",
    { ...smallest, recovery: { store: "s3://a" }, autoscaling: { minWorkers: 3, maxWorkers: 2 } },
    /minWorkers: must not be more/,
  ],
];
test.each(refused)("says what is wrong with %s", (_what, spec, message) => {
  expect(specProblems("x", withDefaults(spec, image)).join("\n")).toMatch(message);
});

test("finds nothing wrong with a good spec, and minds the length of the name", () => {
  expect(specProblems("wordcount", withDefaults(smallest, image))).toEqual([]);
  expect(specProblems("x".repeat(46), withDefaults(smallest, image)).join()).toMatch(/no longer than 45/);
});
