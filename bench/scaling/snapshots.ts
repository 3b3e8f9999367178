/** Snapshots of so many megabytes: how long the worker packs, until the snapshot is committed, and until it is loaded again. */
import { pathToFileURL } from "node:url";
import {
  claimExecution,
  commitSnapshot,
  createRowPacker,
  createSnapshotWriter,
  forEachRow,
  loadSnapshotInThread,
  openStore,
  type Snapshot,
} from "../../runtime/recovery/index.ts";
import type { Table } from "./table.ts";

const rowBytes = 1_000;
const partitions = 128;

export const snapshotsTable: Table = {
  name: "snapshots",
  work: "keys with a kilobyte of state that does not compress, in a file store of 128 partitions",
  sizes: { full: [1, 4, 16, 64, 256, 1_024], brief: [1, 4, 16, 64], tiny: [1, 2] },
  costs: [
    { name: "the worker packs", unit: "ms", linear: 1, otherwise: "blocks that are packed outlive the young generation" },
    { name: "until it is committed", unit: "ms", linear: 1, otherwise: "rows are sorted by key before they are written" },
    { name: "until it is loaded", unit: "ms", linear: 1, otherwise: "values that stay fill the heap" },
  ],
  show: (mb) => (mb >= 1_024 ? `${mb / 1_024} GB` : `${mb} MB`),
  async measure(megabytes, _scale, scratch) {
    // A small one first, so that the code is compiled.
    await snapshot(1, `${scratch}/warm`);
    return snapshot(megabytes, `${scratch}/measured`);
  },
};

async function snapshot(megabytes: number, directory: string): Promise<number[]> {
  const rows = Math.round((megabytes * 1e6) / rowBytes);
  const address = { url: pathToFileURL(directory).href };
  const identity = { flow: "bench", hash: "bench", partitions, execution: 1, process: 0 };
  const store = openStore(address.url);
  const noise = Buffer.alloc(1 << 16);
  for (let i = 0; i < noise.length; i += 4) noise.writeUInt32LE((Math.random() * 0x1_0000_0000) >>> 0, i);
  const manifest = await claimExecution(store, { ...identity, topology: { processes: 1, threads: 1 }, owner: "bench" });
  const writer = createSnapshotWriter({ ...identity, store: address });
  try {
    await writer.seal(0);
    const begin = performance.now();
    const packer = createRowPacker(1 << 20);
    for (let i = 0; i < rows; i++) {
      const value = Buffer.from(
        noise.subarray((i * 61) % (noise.length - rowBytes), ((i * 61) % (noise.length - rowBytes)) + rowBytes),
      );
      value.writeUInt32LE(i, 0);
      packer.state("state", 1, (Math.imul(i, 0x9e3779b1) >>> 0) % partitions, `k${i}`, value);
      if (packer.size > 1_000_000) writer.add(packer.take());
    }
    writer.add(packer.take());
    const packed = performance.now();
    const { files } = await writer.seal(1);
    const found: Snapshot = { epoch: 1, execution: 1, time: new Date().toISOString(), steps: ["state"], files };
    await commitSnapshot(store, manifest, found, { retain: 1 });
    const committed = performance.now();
    const state = new Map<string, Uint8Array>();
    const own = Array.from({ length: partitions }, (_, partition) => partition);
    for await (const batch of loadSnapshotInThread(address, found, { partitions: own, parts: true })) {
      forEachRow(batch, { state: (_step, _partition, key, value) => void state.set(key, value!) });
    }
    const loaded = performance.now();
    const last = Buffer.from(state.get(`k${rows - 1}`) ?? []);
    if (state.size !== rows || last.readUInt32LE(0) !== rows - 1) throw new Error(`${state.size} of ${rows} rows came back`);
    return [packed - begin, committed - begin, loaded - committed];
  } finally {
    await writer.close();
  }
}
