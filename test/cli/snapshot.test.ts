import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { get, inspect, list, remove, repartition } from "../../cli/snapshot.ts";
import { Dataflow } from "../../runtime/index.ts";
import { EOF, runMain, testSink, testSource } from "../../runtime/testing/index.ts";
import { weir } from "./bin.ts";

const directory = mkdtempSync(join(tmpdir(), "weir-cli-snapshot-"));
let store: string;
let folder: string;
let stores = 0;

/** Two runs: the sum of `a` is 1 at the first epoch that is retained, and 4 at the last. */
async function flow(out: unknown[] = []): Promise<void> {
  const made = new Dataflow("sums");
  const items = [["a", 1], ["b", 2n], EOF, ["a", 3], ["c", { at: new Date(0), seen: new Set(["x"]) }], EOF] as never[];
  made
    .input("in", testSource<[string, unknown]>(items))
    .asKeyed()
    .statefulMap("last", (_state: unknown, value) => [value, value])
    .output("out", testSink(out));
  await runMain(made, { epochMs: 0, recovery: { store, snapshotMs: 0, retain: 2, partitions: 8 } });
}

/** What a command prints. */
async function printed(act: () => Promise<void>): Promise<string> {
  let text = "";
  const write = vi.spyOn(process.stdout, "write").mockImplementation(((chunk: string) => {
    text += chunk;
    return true;
  }) as never);
  try {
    await act();
  } finally {
    write.mockRestore();
  }
  return text;
}
const objects = (): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith("."))
    .map(({ name }) => name);

beforeAll(() => expect(process.stdin.isTTY).not.toBe(true));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
beforeEach(async () => {
  folder = join(directory, `store-${stores++}`);
  store = `file://${folder}`;
  await flow();
  await flow();
});

test("list shows each snapshot that can be resumed from, newest last", async () => {
  const text = await printed(() => list(store, {}));
  expect(text).toMatch(/^Flow sums · execution 2 · 1 × 1 workers · 8 partitions\n\nEPOCH +EXECUTION +TIME +FILES +SIZE +STEPS\n/);
  const rows = text.trim().split("\n").slice(3);
  expect(rows).toHaveLength(2);
  expect(rows[1]).toMatch(/^ +\d+ +2 +\d{4}-\d\d-\d\dT\S+Z +\d+ +[\d.]+ (B|KiB) +in, last$/);

  const json = JSON.parse(await printed(() => list(store, { json: true }))) as { snapshots: { epoch: number }[] };
  expect(json.snapshots.map(({ epoch }) => epoch)).toEqual(json.snapshots.map(({ epoch }) => epoch).toSorted((a, b) => a - b));
});

test("inspect counts keys and shows positions", async () => {
  const text = await printed(() => inspect(store, {}));
  expect(text).toMatch(/^last +3 +\d+ B$/m);
  expect(text).toMatch(/^in +iterable +6$/m);
  const { steps, parts } = JSON.parse(await printed(() => inspect(store, { json: true }))) as Record<string, unknown[]>;
  expect(steps).toEqual([{ step: "last", keys: 3, bytes: expect.any(Number) }]);
  expect(parts).toEqual([{ step: "in", part: "iterable", position: 6 }]);
});

test("get prints the value of a key as JSON, of any epoch that is retained", async () => {
  expect(JSON.parse(await printed(() => get(store, "last", "a", {})))).toBe(3);
  expect(JSON.parse(await printed(() => get(store, "last", "b", {})))).toBe("2");
  expect(JSON.parse(await printed(() => get(store, "last", "c", {})))).toEqual({ at: "1970-01-01T00:00:00.000Z", seen: ["x"] });
  await expect(get(store, "last", "z", {})).rejects.toMatchObject({ code: "WEIR_USAGE", message: expect.stringContaining('"z"') });
  await expect(get(store, "lost", "a", {})).rejects.toMatchObject({ message: expect.stringContaining("last") });
  await expect(get(store, "last", "a", { epoch: "9999" })).rejects.toMatchObject({ code: "WEIR_SNAPSHOT_NOT_RETAINED" });
  await expect(get(store, "last", "a", { epoch: "x" })).rejects.toMatchObject({ code: "WEIR_USAGE" });
});

test("repartition keeps every key and says what to do", async () => {
  expect(await printed(() => repartition(store, "32", {}))).toMatch(/^8 → 32 partitions, at epoch \d+\./);
  expect(JSON.parse(await printed(() => get(store, "last", "a", {})))).toBe(3);
  await expect(repartition(store, "0", {})).rejects.toMatchObject({ code: "WEIR_USAGE" });
  await expect(repartition(store, "many", {})).rejects.toMatchObject({ code: "WEIR_USAGE" });
});

test("delete asks first, removes what Weir wrote, and leaves alone what else is there", async () => {
  writeFileSync(join(folder, "notes.txt"), "not Weir's");
  await expect(remove(store, {})).rejects.toMatchObject({ code: "WEIR_USAGE", message: expect.stringContaining("--yes") });
  expect(objects().length).toBeGreaterThan(2);
  expect(await printed(() => remove(store, { yes: true }))).toMatch(/^Deleted \d+ objects of flow sums in file:/);
  expect(objects()).toEqual(["notes.txt"]);
  // Whoever deletes twice (the operator, after a crash) finds nothing left, and that is no error.
  expect(await printed(() => remove(store, { yes: true }))).toMatch(/holds nothing of Weir's/);
});

test("a manifest that nobody can read does not keep its store from being deleted", async () => {
  writeFileSync(join(folder, "manifest.json"), "{");
  await expect(list(store, {})).rejects.toMatchObject({ code: "WEIR_SNAPSHOT_DAMAGED" });
  await printed(() => remove(store, { yes: true }));
  expect(objects()).toEqual([]);
});

test("the command line: tables on standard output, one message and status 1 for a store without state", async () => {
  const listed = await weir(["snapshot", "list", store]);
  expect([listed.status, listed.stderr]).toEqual([0, ""]);
  expect(listed.stdout).toContain("EPOCH");
  const none = await weir(["snapshot", "inspect", `file://${folder}-none`]);
  expect(none.status).toBe(1);
  expect(none.stderr).toMatch(/^weir: file:\S+-none holds no state of a flow\n {2}See/);
  const deleted = await weir(["snapshot", "delete", "--yes", store]);
  expect([deleted.status, objects()]).toEqual([0, []]);
});
