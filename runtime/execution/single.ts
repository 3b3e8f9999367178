/** A flow as one process on this thread: what `weir/testing` and `weir run` without `-p` and `-w` are made of. */
import { hostname } from "node:os";
import { type Dataflow, hashName } from "../flow/index.ts";
import type { Store, StoreAddress } from "../recovery/types.ts";
import { createThreadFabrics } from "../timely/communication/thread.ts";
import { WeirError } from "../errors/index.ts";
import { drive } from "./drive.ts";
import { flowFacts } from "./flow-facts.ts";
import { createLocalNetwork } from "./local-network.ts";
import { createLocalPool } from "./local-pool.ts";
import { createProcess, type Process, type ProcessEvent } from "./process.ts";
import { openSnapshotFiles } from "./snapshot-files.ts";

export interface SingleOptions {
  readonly workers?: number;
  readonly epochMs?: number;
  readonly recovery?: {
    readonly store: Store;
    /** What threads open the store by; left out: everything happens in this thread. */
    readonly address?: StoreAddress | undefined;
    readonly partitions?: number | undefined;
    readonly snapshotMs?: number | undefined;
    readonly retain?: number | undefined;
    readonly fromEpoch?: number | undefined;
    readonly allowDroppedState?: boolean | undefined;
  };
  readonly now?: () => number;
  /** True for a failure that stands for the death of the machine: everything stops at once and `run` resolves. */
  readonly isCrash?: (error: WeirError) => boolean;
  readonly onEvent?: (event: ProcessEvent) => void;
}

export interface Single {
  readonly process: Process;
  run(): Promise<"completed" | "drained" | "crashed">;
}

export function createSingle(flow: Dataflow, options: SingleOptions = {}): Single {
  const driver = drive();
  const network = createLocalNetwork(driver.wake);
  const threads = options.workers ?? 1;
  const { recovery } = options;
  const epochMs = options.epochMs ?? 200;
  let crash!: (how: "crashed") => void;
  const crashed = new Promise<"crashed">((resolve) => (crash = resolve));
  const pool = createLocalPool({
    flow,
    fabrics: () => createThreadFabrics(threads),
    driver,
    now: options.now ?? Date.now,
    intercept(message) {
      if (message.kind !== "failed" || options.isCrash?.(message.error) !== true) return false;
      driver.stop();
      crash("crashed");
      return true;
    },
  });
  const process = createProcess({
    process: 0,
    network,
    pool,
    store: recovery?.store,
    files: recovery && openSnapshotFiles({ ...recovery, flow: flow.id, hash: hashName, process: 0 }),
    lead: {
      ...flowFacts(flow),
      topology: { processes: 1, threads },
      keepTopology: false,
      hash: hashName,
      partitions: recovery?.partitions,
      retain: recovery?.retain ?? 1,
      ...(recovery?.fromEpoch === undefined ? {} : { restore: { epoch: recovery.fromEpoch } }),
      allowDroppedState: recovery?.allowDroppedState ?? false,
      owner: `${hostname()} process ${globalThis.process.pid}`,
      epochMs,
      snapshotMs: recovery?.snapshotMs ?? 10_000,
      clock: Date.now,
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    },
    perBatch: epochMs === 0,
    wake: driver.wake,
    ...(options.onEvent === undefined ? {} : { onEvent: options.onEvent }),
  });
  return {
    process,
    async run() {
      driver.add(network);
      driver.add({
        step() {
          process.poll();
          return false;
        },
        nextTime: process.nextTime,
      });
      try {
        return await Promise.race([process.run(), crashed]);
      } finally {
        driver.stop();
        pool.close();
      }
    },
  };
}
