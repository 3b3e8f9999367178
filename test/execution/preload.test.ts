import { expect, test } from "vitest";
import { createPreload, type ReadRows } from "../../runtime/execution/preload.ts";
import type { RowBatch, Snapshot } from "../../runtime/recovery/types.ts";

const delta = (epoch: number): string => `delta/0000000001-${String(epoch).padStart(10, "0")}-0000000000.sqlite.zst`;
const base = (epoch: number): string => `base/0001/0000000001-${String(epoch).padStart(10, "0")}.sqlite.zst`;
const snapshot = (epoch: number, paths: readonly string[]): Snapshot => ({
  epoch,
  execution: 1,
  time: "",
  steps: [],
  files: paths.map((path) => ({ path, bytes: 1, sha256: "" })),
});
const batch = (bytes: number): RowBatch => ({ steps: [], bytes: new Uint8Array(bytes), rows: 0 });

function reading(fail?: () => boolean): { read: ReadRows; log: string[][] } {
  const log: string[][] = [];
  return {
    log,
    async *read(of, _partitions, except) {
      const files = of.files.map(({ path }) => path).filter((path) => !except.has(path));
      log.push(files);
      for (const _ of files) {
        await Promise.resolve();
        if (fail?.() === true) throw new Error("gone");
        yield batch(10);
      }
    },
  };
}

test("the next snapshot is read from where the last one ended, and handed out once", async () => {
  const { read, log } = reading();
  const preload = createPreload(read, 1_000);
  preload.aim(snapshot(1, [delta(1)]), [1, 2]);
  await Promise.resolve();
  preload.aim(snapshot(2, [delta(1), delta(2)]), [2, 1]);
  const later = snapshot(3, [delta(1), delta(2), delta(3)]);
  await expect.poll(() => log.length).toBe(2);
  const taken = await preload.take(later, [1, 2]);
  expect(log).toEqual([[delta(1)], [delta(2)]]);
  expect([taken?.batches.length, [...(taken?.files ?? [])]]).toEqual([2, [delta(1), delta(2)]]);
  expect(await preload.take(later, [1, 2])).toBeUndefined();
});

test("other partitions, other files and dropped steps are nothing to go on from", async () => {
  for (const [wanted, partitions] of [
    [snapshot(2, [delta(1), delta(2)]), [1]],
    [snapshot(2, [base(2), delta(1), delta(2)]), [1, 2]],
    [{ ...snapshot(2, [delta(1), delta(2)]), dropped: [{ step: "s", execution: 1, epoch: 1 }] }, [1, 2]],
  ] as const) {
    const preload = createPreload(reading().read, 1_000);
    preload.aim(snapshot(1, [delta(1)]), [1, 2]);
    expect(await preload.take(wanted, partitions)).toBeUndefined();
  }
});

test("what does not fit, or fails on the way, is not held; the next aim reads it all again", async () => {
  const small = createPreload(reading().read, 15);
  small.aim(snapshot(1, [delta(1), delta(2)]), [1]);
  expect(await small.take(snapshot(1, [delta(1), delta(2)]), [1])).toBeUndefined();

  let failing = true;
  const { read, log } = reading(() => failing);
  const preload = createPreload(read, 1_000);
  preload.aim(snapshot(1, [delta(1)]), [1]);
  await expect.poll(() => log.length).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 1));
  failing = false;
  preload.aim(snapshot(2, [delta(1), delta(2)]), [1]);
  expect((await preload.take(snapshot(2, [delta(1), delta(2)]), [1]))?.batches.length).toBe(2);
  expect(log).toEqual([[delta(1)], [delta(1), delta(2)]]);
});
