/**
 * Snapshots of so many megabytes: how long the worker packs and how long it is held up at most, until the snapshot is committed, until its
 * rows are back where steps keep them, and how much memory both take.
 */
import { randomFillSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { createKeyedStates } from "../../runtime/flow/state/keyed-states.ts";
import {
  claimExecution,
  commitSnapshot,
  createRowPacker,
  createSnapshotWriter,
  forEachStateRow,
  loadSnapshotInThread,
  openStore,
  type Snapshot,
} from "../../runtime/recovery/index.ts";
import type { Table } from "./table.ts";

const rowBytes = 1_000;
const partitions = 128;
/** Packed in one turn of the worker: as a flow's recorder hands over. */
const turnBytes = 256 * 1024;

export const snapshotsTable: Table = {
  name: "snapshots",
  work: "keys with a kilobyte of state that does not compress, in a file store of 128 partitions",
  sizes: { full: [1, 4, 16, 64, 256, 1_024], brief: [1, 4, 16, 64], tiny: [1, 2] },
  costs: [
    { name: "the worker packs", unit: "ms", linear: 1, otherwise: "blocks that are packed outlive the young generation" },
    { name: "longest pause", unit: "ms", linear: 0, otherwise: "the writer's thread and the pool's take both cores" },
    { name: "until it is committed", unit: "ms", linear: 1, otherwise: "rows are sorted by key before they are written" },
    { name: "memory for that", unit: "MB", linear: 0, otherwise: "rows wait for the disk" },
    { name: "until it is loaded", unit: "ms", linear: 1, otherwise: "values that stay fill the heap" },
    { name: "memory with it", unit: "MB", linear: 1, otherwise: "files that are read stand beside the rows" },
  ],
  show: (mb) => (mb >= 1_024 ? `${mb / 1_024} GB` : `${mb} MB`),
  async measure(megabytes, _scale, scratch) {
    // A small one first, so that the code is compiled.
    await snapshot(1, `${scratch}/warm`);
    return snapshot(megabytes, `${scratch}/measured`);
  },
};

async function snapshot(megabytes: number, directory: string): Promise<(number | undefined)[]> {
  const rows = Math.round((megabytes * 1e6) / rowBytes);
  const address = { url: pathToFileURL(directory).href };
  const identity = { flow: "bench", hash: "bench", partitions, execution: 1, process: 0 };
  const store = openStore(address.url);
  const noise = Buffer.alloc(turnBytes);
  const partitionOf = (i: number): number => (Math.imul(i, 0x9e3779b1) >>> 0) % partitions;
  const manifest = await claimExecution(store, { ...identity, topology: { processes: 1, threads: 1 }, owner: "bench" });
  const writer = createSnapshotWriter({ ...identity, store: address });
  let relieved = (): void => {};
  writer.onRelief(() => relieved());
  try {
    await writer.seal(0);
    const taken = memoryMb();
    const begin = performance.now();
    let packed = 0;
    let pause = 0;
    const packer = createRowPacker(turnBytes * 1.1);
    for (let i = 0; i < rows;) {
      // New each time: what comes again in the window of the compression would shrink to nothing.
      randomFillSync(noise);
      const turn = performance.now();
      for (let start = 0; i < rows && start + rowBytes <= noise.length; i++, start += rowBytes) {
        const value = Buffer.from(noise.subarray(start, start + rowBytes));
        value[0] = 0;
        value.writeUInt32LE(i, 1);
        packer.state("state", 1, partitionOf(i), `k${i}`, value);
      }
      writer.add(packer.take());
      packed += performance.now() - turn;
      // Turns of others come in between, as in a flow.
      await nextTurn();
      pause = Math.max(pause, performance.now() - turn);
      if (writer.congested()) await new Promise<void>((resolve) => (relieved = resolve));
    }
    const { files } = await writer.seal(1);
    const found: Snapshot = { epoch: 1, execution: 1, time: new Date().toISOString(), steps: ["state"], files };
    await commitSnapshot(store, manifest, found, { retain: 1 });
    const committed = performance.now();
    const toCommit = mostMemoryMb();
    memoryMb();
    const loading = performance.now();
    const states = createKeyedStates(partitions);
    const own = Array.from({ length: partitions }, (_, partition) => partition);
    for (const partition of own) states.addPartition(partition);
    for await (const batch of loadSnapshotInThread(address, found, { partitions: own, parts: true }))
      forEachStateRow(batch, states.load);
    const loaded = performance.now();
    const toLoad = mostMemoryMb();
    if (states.count("state") !== rows) throw new Error(`${states.count("state")} of ${rows} rows came back`);
    return [packed, pause, committed - begin, toCommit && taken && toCommit - taken, loaded - loading, toLoad];
  } finally {
    await writer.close();
  }
}

/** Of this process, all threads together; and the most counts from now on. undefined where the kernel does not tell. */
function memoryMb(): number | undefined {
  globalThis.gc?.();
  try {
    writeFileSync("/proc/self/clear_refs", "5");
    return mostMemoryMb();
  } catch {
    return undefined;
  }
}
function mostMemoryMb(): number | undefined {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))![1]) / 1e3;
  } catch {
    return undefined;
  }
}
