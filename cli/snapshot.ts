/**
 * `weir snapshot`: looks into a recovery store, and changes it while no flow runs on it. Results go to standard output as a table
 * or, with `--json`, as JSON; how far long work has come goes to standard error.
 */
import { hostname } from "node:os";
import { createInterface } from "node:readline/promises";
import { isWeirError, WeirError } from "../runtime/errors/index.ts";
import { decodeStateRow, partitionOf } from "../runtime/flow/index.ts";
import { toJson } from "../runtime/host/json-value.ts";
import {
  getValue,
  inspectSnapshot,
  listSnapshots,
  openStore,
  readManifest,
  repartition as rewrite,
} from "../runtime/recovery/index.ts";
import type { Store } from "../runtime/recovery/types.ts";
import { decodeValue } from "../runtime/timely/communication/codec/index.ts";
import { formatBytes, formatCount, formatTable } from "./table.ts";
import { createWorkMeter, metered, type WorkMeter } from "./work-meter.ts";

export interface StoreFlags {
  readonly endpoint?: string;
  readonly json?: boolean;
}
export interface EpochFlags extends StoreFlags {
  readonly epoch?: string;
}

/** `weir snapshot list`. */
export function list(url: string, flags: StoreFlags): Promise<void> {
  return onStore(url, flags, async (store) => {
    const manifest = await ownManifest(store);
    const snapshots = await listSnapshots(store);
    if (flags.json === true)
      return printJson({ flow: manifest.flow, execution: manifest.execution, topology: manifest.topology, snapshots });
    const { processes, threads } = manifest.topology;
    print(
      `Flow ${manifest.flow} · execution ${manifest.execution} · ${processes} × ${threads} workers · ${manifest.partitions} partitions\n\n`,
    );
    if (snapshots.length === 0) return print("No snapshot has been committed yet.\n");
    print(
      formatTable(
        [
          { title: "EPOCH", right: true },
          { title: "EXECUTION", right: true },
          { title: "TIME" },
          { title: "FILES", right: true },
          { title: "SIZE", right: true },
          { title: "STEPS" },
        ],
        snapshots.map(({ epoch, execution, time, files, bytes, steps }) => [
          String(epoch),
          String(execution),
          time,
          String(files),
          formatBytes(bytes),
          steps.join(", "),
        ]),
      ),
    );
  });
}

/** `weir snapshot inspect`: reads all files of the snapshot, and so checks them. */
export function inspect(url: string, flags: EpochFlags): Promise<void> {
  return onStore(url, flags, async (store) => {
    await ownManifest(store);
    const { snapshot, partitions, steps, parts } = await inspectSnapshot(store, epochOf(flags));
    const positions = parts.map(({ step, part, value }) => ({ step, part, position: toJson(decodeValue(value)) }));
    if (flags.json === true)
      return printJson({
        epoch: snapshot.epoch,
        execution: snapshot.execution,
        time: snapshot.time,
        partitions,
        steps,
        parts: positions,
      });
    print(
      `Epoch ${snapshot.epoch} of execution ${snapshot.execution}, ${snapshot.time}; ${snapshot.files.length} files, all good\n\n`,
    );
    print(
      formatTable(
        [{ title: "STEP" }, { title: "KEYS", right: true }, { title: "SIZE", right: true }],
        steps.map(({ step, keys, bytes }) => [step, formatCount(keys), formatBytes(bytes)]),
      ),
    );
    if (positions.length === 0) return;
    print("\n");
    print(
      formatTable(
        [{ title: "STEP" }, { title: "PART" }, { title: "POSITION" }],
        positions.map(({ step, part, position }) => [step, part, JSON.stringify(position)]),
      ),
    );
  });
}

/** `weir snapshot get`: status 1 and a message when the step keeps nothing for the key. */
export function get(url: string, step: string, key: string, flags: EpochFlags): Promise<void> {
  return onStore(url, flags, async (store) => {
    const { snapshots } = await ownManifest(store);
    const steps = [...new Set(snapshots.flatMap((snapshot) => snapshot.steps))];
    if (!steps.includes(step))
      throw new WeirError("WEIR_USAGE", `no step "${step}" keeps state here; there are ${steps.join(", ") || "none"}`);
    const row = await getValue(store, step, key, partitionOf, epochOf(flags));
    if (row === undefined) throw new WeirError("WEIR_USAGE", `step "${step}" keeps nothing for the key ${JSON.stringify(key)}`);
    print(`${JSON.stringify(toJson(decodeStateRow(row)), undefined, 2)}\n`);
  });
}

/** `weir snapshot repartition`. */
export async function repartition(url: string, partitions: string, flags: StoreFlags): Promise<void> {
  const wanted = Number(partitions);
  if (!/^\d+$/.test(partitions) || wanted < 1 || wanted > 32_768)
    throw new WeirError("WEIR_USAGE", `<partitions>: "${partitions}" is not a whole number from 1 to 32768`);
  await onStore(url, flags, async (store) => {
    const before = await ownManifest(store);
    const owner = `weir snapshot repartition on ${hostname()}, process id ${process.pid}`;
    const { snapshots } = await rewrite(store, wanted, { partitionOf, owner });
    print(
      `${before.partitions} → ${wanted} partitions, at epoch ${snapshots[0]!.epoch}. Run the flow with --partitions ${wanted} (or none) from now on.\n`,
    );
  });
}

/** Objects that are deleted with one request. */
const deletedAtOnce = 500;

/**
 * `weir snapshot delete`: removes what Weir wrote under the prefix, and nothing else that may lie there. The manifest goes first: a
 * flow that runs after all is stopped by it, and a deletion that is cut short leaves no state that looks whole.
 */
export function remove(url: string, flags: StoreFlags & { readonly yes?: boolean }): Promise<void> {
  return onStore(url, flags, async (store, meter) => {
    // A manifest that cannot be read is no reason to keep it.
    const manifest = await readManifest(store).catch((error: unknown) => {
      if (isWeirError(error) && (error.code === "WEIR_SNAPSHOT_DAMAGED" || error.code === "WEIR_DECODE")) return undefined;
      throw error;
    });
    const names = (await Promise.all(["manifest.json", "delta/", "base/"].map((prefix) => store.list(prefix)))).flat();
    if (names.length === 0) return print(`${store.url} holds nothing of Weir's.\n`);
    const whose = manifest === undefined ? "" : ` of flow ${manifest.manifest.flow}`;
    if (flags.yes !== true && !(await confirmed(`Delete ${formatCount(names.length)} objects${whose} in ${store.url}?`))) {
      throw new WeirError("WEIR_USAGE", "nothing was deleted");
    }
    for (let at = 0; at < names.length; at += deletedAtOnce) {
      await store.delete(names.slice(at, at + deletedAtOnce));
      meter.show(`deleted ${formatCount(Math.min(at + deletedAtOnce, names.length))} of ${formatCount(names.length)} objects`);
    }
    meter.end();
    print(`Deleted ${formatCount(names.length)} objects${whose} in ${store.url}.\n`);
  });
}

async function confirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new WeirError("WEIR_USAGE", "there is no terminal to ask at: give --yes to delete without being asked");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}

async function onStore(url: string, flags: StoreFlags, act: (store: Store, meter: WorkMeter) => Promise<void>): Promise<void> {
  const endpoint = flags.endpoint ?? (process.env.WEIR_RECOVERY_ENDPOINT || undefined);
  const store = openStore(url, endpoint === undefined ? {} : { endpoint });
  const meter = createWorkMeter();
  try {
    await act(metered(store, meter), meter);
  } finally {
    meter.end();
    await store.close();
  }
}

async function ownManifest(store: Store) {
  const found = await readManifest(store);
  if (found === undefined) throw new WeirError("WEIR_USAGE", `${store.url} holds no state of a flow`);
  return found.manifest;
}

function epochOf(flags: EpochFlags): number | undefined {
  if (flags.epoch === undefined) return undefined;
  if (!/^\d+$/.test(flags.epoch)) throw new WeirError("WEIR_USAGE", `--epoch: "${flags.epoch}" is not a whole number`);
  return Number(flags.epoch);
}

function print(text: string): void {
  process.stdout.write(text);
}
function printJson(value: unknown): void {
  print(`${JSON.stringify(value, undefined, 2)}\n`);
}
