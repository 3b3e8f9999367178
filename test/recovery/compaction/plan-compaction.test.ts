import { describe, expect, test } from "vitest";
import { type Snapshot, type SnapshotFile, planCompaction } from "../../../runtime/recovery/index.ts";
import { baseName, deltaName, mergedDeltaName } from "../../../runtime/recovery/names.ts";

const file = (path: string, bytes: number): SnapshotFile => ({ path, bytes, sha256: "0".repeat(64) });
const snapshotOf = (epoch: number, files: readonly SnapshotFile[]): Snapshot => ({
  epoch,
  execution: 1,
  time: "",
  steps: [],
  files,
});
const deltas = (...bytes: number[]): SnapshotFile[] => bytes.map((each, i) => file(deltaName(1, i + 1, 0), each));

describe("a plan", () => {
  test("is not made while there are few deltas and they are small", () => {
    expect(planCompaction(snapshotOf(8, deltas(1, 1, 1, 1, 1, 1, 1, 1)))).toBeUndefined();
    expect(planCompaction(snapshotOf(0, []))).toBeUndefined();
  });

  test("takes all deltas of about one size", () => {
    const files = deltas(5, 5, 5, 5, 5, 5, 5, 5, 5);
    expect(planCompaction(snapshotOf(9, files))).toMatchObject({ execution: 1, epoch: 9, replaces: files, whole: true });
  });

  test("leaves an old one alone that is much bigger than the newer ones together", () => {
    const files = [file(mergedDeltaName(1, 1, 0), 1_000_000), ...deltas(5, 5, 5, 5, 5, 5, 5, 5, 5).slice(1)];
    expect(planCompaction(snapshotOf(9, files))).toMatchObject({ replaces: files.slice(1), whole: false });
  });

  test("counts the deltas of all processes of a position as one", () => {
    const files = [1, 2].flatMap((epoch) => [0, 1, 2, 3, 4].map((process) => file(deltaName(1, epoch, process), 5)));
    expect(planCompaction(snapshotOf(2, files))).toBeUndefined();
  });

  test("is made early when the deltas outgrow the bases", () => {
    const files = [file(baseName(0, 1, 1), 100e6), ...deltas(0, 120e6, 120e6).slice(1)];
    expect(planCompaction(snapshotOf(3, files))).toMatchObject({ replaces: files.slice(1), bases: files.slice(0, 1), whole: true });
    expect(planCompaction(snapshotOf(3, files.slice(0, 2)))).toBeUndefined();
  });

  test("takes all, whatever their sizes, when there are far too many", () => {
    const files = deltas(...Array.from({ length: 21 }, (_, i) => 4 ** (21 - i)));
    expect(planCompaction(snapshotOf(21, files.slice(0, 20)), { floorBytes: 1e15 })).toBeUndefined();
    expect(planCompaction(snapshotOf(21, files), { floorBytes: 1e15 })).toMatchObject({ replaces: files, whole: true });
  });
});

const both = (a: ReadonlySet<number>, b: ReadonlySet<number>): Set<number> => new Set([...a, ...b]);

/**
 * A long run in terms of rows: every snapshot changes `changed` of `keys` rows in each of the processes' partitions, a file has 10
 * bytes per row, and compaction does to the counts what compactPartitions does to the rows.
 */
function run(keys: number, changed: number, snapshots: number, processes: number) {
  const partitions = 32;
  const bytesPerRow = 10;
  const rows = new Map<string, Map<number, Set<number>>>();
  let files: SnapshotFile[] = [];
  let written = 0;
  let changes = 0;
  let most = 0;
  let loaded = 0;
  let seed = 1;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const write = (path: string, content: Map<number, Set<number>>): SnapshotFile => {
    const count = [...content.values()].reduce((sum, set) => sum + set.size, 0);
    rows.set(path, content);
    written += count;
    return file(path, count * bytesPerRow);
  };
  for (let epoch = 1; epoch <= snapshots; epoch += 1) {
    for (let process = 0; process < processes; process += 1) {
      const content = new Map<number, Set<number>>();
      for (let i = 0; i < changed / processes; i += 1) {
        const key = random(keys / processes) * processes + process;
        const partition = process + processes * (((key / processes) % Math.floor(partitions / processes)) | 0);
        if (!content.has(partition)) content.set(partition, new Set());
        content.get(partition)!.add(key);
      }
      changes += [...content.values()].reduce((sum, set) => sum + set.size, 0);
      files.push(write(deltaName(1, epoch, process), content));
    }
    const plan = planCompaction(snapshotOf(epoch, files), { floorBytes: 1e5 });
    if (plan !== undefined) {
      const gone = new Set(plan.replaces.map((each) => each.path));
      const made: SnapshotFile[] = [];
      for (let process = 0; process < processes; process += 1) {
        const merged = new Map<number, Set<number>>();
        for (const { path } of plan.replaces) {
          for (const [partition, set] of rows.get(path)!)
            if (partition % processes === process) merged.set(partition, both(merged.get(partition) ?? new Set(), set));
        }
        for (const [partition, set] of plan.whole ? merged : []) {
          const base = plan.bases.find((each) => each.path.startsWith(`base/${String(partition).padStart(10, "0")}/`));
          const below = base === undefined ? new Set<number>() : rows.get(base.path)!.get(partition)!;
          if (set.size < Math.max(20, 0.25 * below.size)) continue;
          merged.delete(partition);
          if (base !== undefined) gone.add(base.path);
          made.push(write(baseName(partition, 1, epoch), new Map([[partition, both(below, set)]])));
        }
        if (merged.size > 0) made.push(write(mergedDeltaName(1, epoch, process), merged));
      }
      files = [...files.filter((each) => !gone.has(each.path)), ...made];
      for (const path of gone) rows.delete(path);
    }
    most = Math.max(most, files.length);
    loaded = Math.max(loaded, files.reduce((sum, each) => sum + each.bytes, 0) / bytesPerRow);
  }
  return { most, amplification: written / changes, loaded: loaded / keys, partitions };
}

describe("over a long run", () => {
  test.each([
    [20_000, 20, 400, 1],
    [20_000, 200, 300, 2],
    [20_000, 2_000, 100, 4],
    [20_000, 20_000, 40, 1],
    [200, 200, 300, 3],
  ])(
    "of %i keys with %i changes per snapshot, files, writes and what a resume reads stay bounded",
    (keys, changed, snapshots, processes) => {
      const { most, amplification, loaded, partitions } = run(keys, changed, snapshots, processes);
      console.log(keys, changed, processes, most, amplification.toFixed(1), loaded.toFixed(1));
      expect(most).toBeLessThanOrEqual(partitions + 1 + processes * 20);
      expect(amplification).toBeLessThan(8);
      expect(loaded).toBeLessThan(6);
    },
  );
});
