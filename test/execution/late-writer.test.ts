import { expect, test } from "vitest";
import { createLateWriter } from "../../runtime/execution/late-writer.ts";
import {
  createDeltaWriter,
  createMemoryStore,
  createRowPacker,
  createSnapshotWriter,
  forEachRow,
  loadSnapshot,
  type Sealed,
  type SnapshotWriter,
} from "../../runtime/recovery/index.ts";
import type { RowBatch } from "../../runtime/recovery/types.ts";

const identity = { flow: "f", execution: 1, process: 0, hash: "h", partitions: 4 };

function rows(epoch: number, keys: readonly string[], bytes = 10): RowBatch {
  const packer = createRowPacker();
  for (const key of keys) packer.state("step", epoch, 1, key, new Uint8Array(bytes).fill(epoch));
  return packer.take();
}

function late() {
  const store = createMemoryStore();
  const log: string[] = [];
  const writer = createLateWriter(
    () => {
      log.push("thread");
      const inner = createSnapshotWriter({ store, ...identity });
      return {
        ...inner,
        add: (batch) => (log.push("add"), inner.add(batch)),
        seal: (epoch) => (log.push(`seal ${epoch}`), inner.seal(epoch)),
      } satisfies SnapshotWriter;
    },
    () => (log.push("small"), createDeltaWriter(store, identity)),
  );
  /** What was sealed, in order: each row once. */
  const read = async (all: readonly Sealed[]): Promise<[epoch: number, key: string][]> => {
    const found: [number, string][] = [];
    for (const [index, { files }] of all.entries()) {
      const snapshot = { epoch: 9, execution: 1, time: "", steps: ["step"], files };
      for await (const batch of loadSnapshot(store, snapshot, { partitions: () => true, parts: true })) {
        forEachRow(batch, {
          state: (_step, _partition, key, value) => (expect(value?.length).toBeGreaterThan(0), void found.push([index, key])),
        });
      }
    }
    return found;
  };
  return { writer, log, read };
}

test("little is written without a thread, each row in the first seal that covers it", async () => {
  const { writer, log, read } = late();
  writer.add(rows(1, ["a"]));
  writer.add(rows(2, ["b"]));
  const first = await writer.seal(1);
  expect(writer.queuedBytes()).toBeGreaterThan(0);
  const second = await writer.seal(2);
  const third = await writer.seal(3);
  expect(third.files).toEqual([]);
  expect(log).toEqual(["small", "small", "small"]);
  expect(await read([first, second, third])).toEqual([
    [0, "a"],
    [1, "b"],
  ]);
  await writer.close();
  await expect(writer.seal(4)).rejects.toMatchObject({ code: "WEIR_EXECUTION_ENDED" });
});

test("much goes to a thread, with what was held before it, and so does all that follows", async () => {
  const { writer, log, read } = late();
  writer.add(rows(1, ["a"]));
  writer.add(rows(3, ["later"]));
  const pending = writer.seal(1);
  writer.add(rows(2, ["b"], 70_000));
  const first = await pending;
  const second = await writer.seal(2);
  writer.add(rows(3, ["c"]));
  const third = await writer.seal(3);
  expect(log).toEqual(["thread", "add", "add", "small", "seal 2", "add", "seal 3"]);
  expect(await read([first, second, third])).toEqual([
    [0, "a"],
    [1, "b"],
    [2, "c"],
    [2, "later"],
  ]);
  await writer.close();
});
