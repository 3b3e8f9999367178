import { expect, test } from "vitest";
import { createUpkeep } from "../../runtime/execution/upkeep.ts";
import { createMemoryStore } from "../../runtime/recovery/index.ts";
import type { Manifest, Snapshot, SnapshotFile } from "../../runtime/recovery/types.ts";

const digits = (value: number): string => String(value).padStart(10, "0");
const file = (path: string): SnapshotFile => ({ path, bytes: 100, sha256: "0".repeat(64) });
const delta = (epoch: number): SnapshotFile => file(`delta/${digits(1)}-${digits(epoch)}-${digits(0)}.sqlite.zst`);
const snapshotOf = (files: readonly SnapshotFile[], epoch: number): Snapshot => ({
  epoch,
  execution: 1,
  time: "",
  steps: [],
  files,
});
const manifestOf = (...snapshots: Snapshot[]): Manifest => ({
  format: 1,
  flow: "flow",
  hash: "h",
  partitions: 1,
  execution: 1,
  topology: { processes: 1, threads: 1 },
  assignment: [0],
  snapshots,
});
const many = Array.from({ length: 12 }, (_, epoch) => delta(epoch + 1));

test("a wave takes effect when every process has made its share, and not before", () => {
  const upkeep = createUpkeep(createMemoryStore({ url: "memory://x" }), 1);
  upkeep.reset(2);
  const snapshot = snapshotOf(many, 12);
  const plan = upkeep.committed(manifestOf(snapshot), snapshot)!;
  expect(plan.replaces.length).toBeGreaterThan(3);
  // While it runs no other is begun, and commits add their deltas.
  expect(upkeep.committed(manifestOf(snapshot), snapshot)).toBeUndefined();
  const merged = [0, 1].map((process) => file(`delta/${digits(1)}-${digits(12)}-${digits(process)}-merged.sqlite.zst`));
  const share = (process: number) => ({ execution: 1, epoch: 12, files: [merged[process]!], replaced: [] });
  upkeep.share(0, share(0));
  upkeep.share(0, share(0));
  expect(upkeep.files([...many, delta(13)])).toEqual([...many, delta(13)]);
  // A share of a wave that was given up long ago does not count.
  upkeep.share(1, { ...share(1), epoch: 3 });
  expect(upkeep.files([...many, delta(13)])).toEqual([...many, delta(13)]);
  upkeep.share(1, share(1));
  const after = upkeep.files([...many, delta(13)]);
  expect(after.map(({ path }) => path)).toEqual(
    [...many.filter((each) => !plan.replaces.includes(each)), ...merged, delta(13)].map(({ path }) => path),
  );
});

test("a share that could not be made, and a new execution, drop the wave", () => {
  const upkeep = createUpkeep(createMemoryStore({ url: "memory://x" }), 1);
  const snapshot = snapshotOf(many, 12);
  const plan = (): unknown => upkeep.committed(manifestOf(snapshot), snapshot);
  upkeep.reset(1);
  expect(plan()).toBeDefined();
  upkeep.share(0, undefined);
  expect(upkeep.files(many)).toBe(many);
  expect(plan()).toBeDefined();
  upkeep.reset(1);
  upkeep.share(0, { execution: 1, epoch: 12, files: [], replaced: [] });
  expect(upkeep.files(many)).toBe(many);
});

test("garbage is collected while there may be some, and a store that fails at it is heard of", async () => {
  const store = createMemoryStore({ url: "memory://x" });
  for (const each of many.slice(0, 3)) await store.put(each.path, new Uint8Array([1]));
  const deleted: string[] = [];
  const upkeep = createUpkeep(store, 1, (collected) => deleted.push(...collected.deleted));
  upkeep.reset(1);
  const snapshot = snapshotOf([many[2]!], 5);
  upkeep.committed(manifestOf(snapshot), snapshot);
  await upkeep.idle();
  expect(deleted).toEqual([many[0]!.path, many[1]!.path]);
});
