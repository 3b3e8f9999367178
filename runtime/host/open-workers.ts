/** The workers of one process: one runs on this thread, beside the sockets; several have a thread each. */
import { createLocalPool, type drive } from "../execution/index.ts";
import type { StateSlot, WorkerPool } from "../execution/index.ts";
import type { Dataflow } from "../flow/index.ts";
import type { WeirError } from "../errors/index.ts";
import type { Topology } from "../recovery/types.ts";
import { createThreadFabrics } from "../timely/communication/thread.ts";
import { type Mesh, openMeshFabric } from "../timely/communication/websocket/index.ts";
import { isAbort } from "../testing/sentinels.ts";
import { type ProfileReport, startProfile } from "./profile.ts";
import { readWorkers } from "./readings.ts";
import type { Settings } from "./settings.ts";
import type { WorkerReadings } from "./status.ts";
import { createThreadPool } from "./threads/pool.ts";

export interface Workers {
  readonly pool: WorkerPool;
  readonly readings: () => Promise<WorkerReadings>;
  /** The present state of a key that a worker of this process owns. */
  readonly readState: (step: string, key: string) => Promise<unknown>;
  /** Writes the profiles that were asked for; none is the usual. */
  readonly endProfiles: () => Promise<readonly ProfileReport[]>;
  /** A test source stood for the death of the machine. */
  readonly crashed: Promise<"crashed">;
}

/** @param onDeath a thread died: the whole process has to */
export async function openWorkers(
  flow: Dataflow,
  settings: Settings,
  driver: ReturnType<typeof drive>,
  mesh: Mesh | undefined,
  process: number,
  onDeath: (error: WeirError) => void,
): Promise<Workers> {
  const crash = Promise.withResolvers<"crashed">();
  if (settings.threads > 1) {
    const pool = await createThreadPool({
      module: settings.module,
      export: settings.export,
      params: settings.params,
      process,
      threads: settings.threads,
      profile: settings.profile,
      ...(mesh === undefined ? {} : { mesh: (execution: number, topology: Topology) => mesh.enter(execution, topology) }),
      onDeath,
      onAbort: () => crash.resolve("crashed"),
    });
    const endProfiles = async (): Promise<readonly ProfileReport[]> => (settings.profile === undefined ? [] : pool.endProfiles());
    return { pool, readings: pool.readings, readState: pool.readState, endProfiles, crashed: crash.promise };
  }
  const slots: StateSlot[] = [];
  const pool = createLocalPool({
    flow,
    fabrics: (execution, topology) =>
      mesh === undefined || topology.processes === 1 ? createThreadFabrics(1) : [openMeshFabric(mesh.enter(execution, topology))],
    driver,
    now: Date.now,
    slots,
    intercept(message) {
      if (message.kind !== "failed" || !isAbort(message.error)) return false;
      driver.stop();
      crash.resolve("crashed");
      return true;
    },
  });
  const profile =
    settings.profile === undefined ? undefined : await startProfile(settings.profile, process, driver, () => pool.workers);
  return {
    pool,
    endProfiles: async () => (profile === undefined ? [] : [await profile.end()]),
    readings: () => readWorkers(pool.workers, driver.busySeconds()),
    readState: async (step, key) => slots[0]?.states?.read(step, key),
    crashed: crash.promise,
  };
}
