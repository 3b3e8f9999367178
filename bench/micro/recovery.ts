/**
 * Recovery by itself, without a flow: how long a snapshot of many keys takes to write, to load, to compact, and what is left to do
 * when a tenth has changed since. Every load is checked. Usage: node bench/micro/recovery.ts [keys, default 1000000]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  type Snapshot,
  type SnapshotFile,
  applyCompaction,
  claimExecution,
  commitSnapshot,
  compactInThread,
  createRowPacker,
  createSnapshotWriter,
  forEachRow,
  loadSnapshotInThread,
  openStore,
} from "../../runtime/recovery/index.ts";

const keys = Number(process.argv[2] ?? 1_000_000);
const partitions = 128;
const identity = { flow: "bench", hash: "bench", partitions, execution: 1, process: 0 };
const own = Array.from({ length: partitions }, (_, partition) => partition);
const root = await mkdtemp(join(tmpdir(), "weir-bench-recovery-"));
const address = { url: pathToFileURL(root).href };
const store = openStore(address.url);
const writer = createSnapshotWriter({ ...identity, store: address });

async function timed<T>(what: string, rows: number, action: () => Promise<T>): Promise<T> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const result = await action();
  const wall = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  const rate = `${(rows / wall / 1000).toFixed(2)} M rows/s`;
  console.log(
    `${what.padEnd(58)} ${wall.toFixed(0).padStart(6)} ms  ${((user + system) / 1000).toFixed(0).padStart(6)} ms CPU  ${rate.padStart(15)}`,
  );
  return result;
}

/** Packs every `every`-th key, as a worker would at the close of `epoch`. */
function add(epoch: number, every: number): void {
  const packer = createRowPacker(1 << 20);
  const value = Buffer.alloc(8);
  for (let i = 0; i < keys; i += every) {
    value.writeDoubleLE(i + epoch);
    packer.state("sum", epoch, (Math.imul(i, 0x9e3779b1) >>> 0) % partitions, `k${i}`, value);
    if (packer.size > 1_000_000) writer.add(packer.take());
  }
  writer.add(packer.take());
}
async function load(snapshot: Snapshot, share: readonly number[] = own): Promise<void> {
  const state = new Map<string, Uint8Array>();
  for await (const batch of loadSnapshotInThread(address, snapshot, {
    partitions: share,
    parts: true,
    cacheDirectory: undefined,
  })) {
    forEachRow(batch, {
      state(_step, _partition, key, value) {
        if (value === undefined) state.delete(key);
        else state.set(key, value);
      },
    });
  }
  if (share === own && state.size !== keys) throw new Error(`${state.size} of ${keys} keys were loaded`);
  const probe = Math.floor(keys / 20) * 10;
  const found = state.get(`k${probe}`);
  if (share === own && (found === undefined || Buffer.from(found).readDoubleLE() !== probe + snapshot.epoch))
    throw new Error("a value is wrong");
}
const snapshotOf = (epoch: number, files: readonly SnapshotFile[]): Snapshot => ({
  epoch,
  execution: 1,
  time: new Date().toISOString(),
  steps: ["sum"],
  files,
});

try {
  console.log(`${keys} keys of one step, 8 bytes each, ${partitions} partitions, file store\n`);
  let manifest = await claimExecution(store, { ...identity, topology: { processes: 1, threads: 1 }, owner: "bench" });
  await timed("start the writer's thread", 0, () => writer.seal(0));
  await timed("pack and hand over", keys, async () => add(1, 1));
  const first = await timed("seal: sort, SQLite, zstd, write", keys, () => writer.seal(1));
  manifest = await timed("commit", 0, () => commitSnapshot(store, manifest, snapshotOf(1, first.files), { retain: 1 }));
  await timed("load the delta into a Map, thread's start included", keys, () => load(snapshotOf(1, first.files)));
  const plan = { execution: 1, epoch: 1, replaces: first.files, bases: [], whole: true };
  const wave = await timed("compact it into bases, in a thread", keys, () =>
    compactInThread(address, plan, { identity, partitions: own, parts: true, baseFloorBytes: 0 }),
  );
  const bases = applyCompaction(first.files, plan, [wave]);
  await timed(`load ${bases.length} bases into a Map`, keys, () => load(snapshotOf(1, bases)));
  await timed("the same, rows only counted", keys, async () => {
    let rows = 0;
    for await (const batch of loadSnapshotInThread(address, snapshotOf(1, bases), { partitions: own, parts: true }))
      rows += batch.rows;
    if (rows !== keys) throw new Error(`${rows} of ${keys} rows were read`);
  });
  await timed("pack and hand over a tenth", keys / 10, async () => add(2, 10));
  const second = await timed("seal a tenth: what a rescale waits for", keys / 10, () => writer.seal(2));
  await timed("load a third of it: what a process gains", keys / 30, () => load(snapshotOf(2, second.files), own.slice(0, 43)));
  await timed("resume: claim, load bases and delta into a Map", keys, async () => {
    await claimExecution(store, { ...identity, topology: { processes: 1, threads: 1 }, owner: "bench" });
    await load(snapshotOf(2, [...bases, ...second.files]));
  });
  const size = (files: readonly SnapshotFile[]): string =>
    `${(files.reduce((sum, file) => sum + file.bytes, 0) / 1e6).toFixed(1)} MB`;
  console.log(
    `\nfirst delta ${size(first.files)}, bases ${size(bases)}, second delta ${size(second.files)}; peak ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB resident`,
  );
} finally {
  await writer.close();
  await rm(root, { recursive: true, force: true });
}
