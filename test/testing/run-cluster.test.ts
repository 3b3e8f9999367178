import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCluster } from "../../runtime/testing/index.ts";

const directory = mkdtempSync(join(tmpdir(), "weir-run-cluster-"));
const module = join(directory, "flow.ts");
const results = join(directory, "results.txt");
beforeAll(() =>
  writeFileSync(
    module,
    `import { Dataflow, fileSink } from "weir";
import { ABORT, EOF, testSource } from "weir/testing";
function build(items) {
  const flow = new Dataflow("cluster");
  flow.input("in", testSource(items)).keyBy("key", (n) => n < 0 ? boom() : String(n % 3)).statefulMap("sum", (s, n) => [(s ?? 0) + n, String((s ?? 0) + n)]).output("out", fileSink(${JSON.stringify(results)}));
  return flow;
}
function boom() { throw new RangeError("negative"); }
export default build([1, 2, 3, EOF, 4, 5, 6]);
export const broken = build([1, -1]);
export const aborting = build([1, 2, ABORT, 3]);
`,
  ),
);
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const store = (name: string) => ({ store: `file://${directory}/${name}`, snapshotMs: 0 });

test("runs a flow in processes of their own, which go on where the last run ended", { timeout: 60_000 }, async () => {
  await runCluster(module, { processes: 2, workers: 2, epochMs: 0, recovery: store("a") });
  expect(readFileSync(results, "utf8").split("\n").toSorted()).toEqual(["", "1", "2", "3"]);
  await runCluster(module, { processes: 1, epochMs: 0, recovery: store("a") });
  expect(readFileSync(results, "utf8").split("\n").toSorted()).toEqual(["", "1", "2", "3", "5", "7", "9"]);
});

test(
  "rejects with the error of the first process that fails: step, message and the user's stack",
  { timeout: 60_000 },
  async () => {
    await expect(runCluster(`${module}:broken`, { processes: 2 })).rejects.toMatchObject({
      code: "WEIR_STEP_FAILED",
      step: "key",
      message: expect.stringContaining("negative"),
      cause: expect.objectContaining({ stack: expect.stringMatching(/RangeError: negative\n +at boom .*flow\.ts:8/) }),
    });
  },
);

test.each([1, 2])(
  "an ABORT ends all processes at once, with %i workers each, and resolves; the next run skips it",
  { timeout: 60_000 },
  async (workers) => {
    const options = { processes: 2, workers, epochMs: 0, recovery: store(`abort-${workers}`) };
    const aborting = `${module}:aborting`;
    await runCluster(aborting, options);
    const manifest = JSON.parse(readFileSync(join(directory, `abort-${workers}`, "manifest.json"), "utf8")) as {
      snapshots: unknown[];
    };
    expect(manifest.snapshots).toHaveLength(1);
    await runCluster(aborting, options);
    expect(readFileSync(results, "utf8").split("\n").toSorted()).toEqual(["", "1", "2", "3"]);
  },
);

test("refuses what it cannot do, before anything starts", async () => {
  await expect(runCluster(join(directory, "gone.ts"), { processes: 2 })).rejects.toMatchObject({ code: "WEIR_MODULE_NOT_FOUND" });
  await expect(runCluster(module, { processes: 0 })).rejects.toMatchObject({ code: "WEIR_FLOW_OPTION" });
  await expect(runCluster(module, { now: () => 0 })).rejects.toMatchObject({
    code: "WEIR_FLOW_OPTION",
    message: expect.stringContaining("now"),
  });
  await expect(runCluster(module, { recovery: { store: "ftp://x" } })).rejects.toMatchObject({ code: "WEIR_STORE_URL" });
});
