import { expect, test } from "vitest";
import type { FromWorker, ToWorker } from "../../runtime/execution/messages.ts";
import { createParticipant } from "../../runtime/execution/participant.ts";
import { createMemoryStore, createRowPacker, createSnapshotWriter } from "../../runtime/recovery/index.ts";

test("all workers are told when rows wait for the store, and when there is room again", async () => {
  let receive: (message: FromWorker) => void = () => {};
  const told: [worker: number, full: boolean][] = [];
  const worker = (index: number) => ({
    index,
    post: (message: ToWorker) => void (message.kind === "full" && told.push([index, message.full])),
    onMessage: (handler: (message: FromWorker) => void) => void (receive = handler),
  });
  const workers = [worker(0), worker(1)];
  const identity = { flow: "f", hash: "h", partitions: 4, execution: 1, process: 0 };
  const writer = createSnapshotWriter({ ...identity, store: createMemoryStore(), highWaterBytes: 100 });
  createParticipant({
    process: 0,
    prepare: {
      kind: "prepare",
      execution: 1,
      topology: { processes: 1, threads: 2 },
      assignment: [0, 1, 0, 1],
      keep: false,
    },
    kept: undefined,
    pool: { enter: () => workers, leave: () => {}, close: () => {} },
    files: undefined,
    writer,
    perBatch: false,
    report: () => {},
  });
  const rows = (bytes: number): void => {
    const packer = createRowPacker();
    packer.state("s", 1, 0, "k", new Uint8Array(bytes));
    receive({ kind: "rows", batch: packer.take() });
  };
  rows(10);
  expect(told).toEqual([]);
  rows(200);
  rows(200);
  expect(told).toEqual([
    [0, true],
    [1, true],
  ]);
  await writer.seal(1);
  expect(told.slice(2)).toEqual([
    [0, false],
    [1, false],
  ]);
});
