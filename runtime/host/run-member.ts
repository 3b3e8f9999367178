/**
 * One process of a running flow: alone, or one of several that form a mesh. Boots in the order in which mistakes are cheapest
 * to tell: settings, the flow, the store's address, ports; then the execution protocol takes over.
 */
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { isWeirError, WeirError } from "../errors/index.ts";
import {
  createLocalNetwork,
  createLocalPool,
  createProcess,
  drive,
  flowFacts,
  type Network,
  type ProcessEvent,
} from "../execution/index.ts";
import type { Driven } from "../execution/drive.ts";
import type { StateSlot } from "../execution/flow-worker.ts";
import { type Dataflow, hashName } from "../flow/index.ts";
import { compactPartitions, createSnapshotWriter, openStore } from "../recovery/index.ts";
import type { Store, StoreAddress, Topology } from "../recovery/types.ts";
import { createThreadFabrics } from "../timely/communication/thread.ts";
import { createMesh, type Mesh, openMeshFabric } from "../timely/communication/websocket/index.ts";
import { isAbort } from "../testing/sentinels.ts";
import { serveHttp } from "./http/server.ts";
import { loadFlow } from "./load-flow.ts";
import { createLog, type Log } from "./log.ts";
import { createMeshNetwork } from "./mesh-network.ts";
import { createProgressLine } from "./progress-line.ts";
import { readWorkers } from "./readings.ts";
import type { Settings } from "./settings.ts";
import { createStatusReader, type StatusReader, type WorkerReadings } from "./status.ts";
import { createThreadPool, type ThreadPool } from "./threads/pool.ts";

/** How long a drained process of a pod waits for the SIGTERM that follows, in milliseconds. */
const lingerMs = 3000;
/** How long a pod whose flow has failed stays for the controller to read why. */
const failedLingerMs = 5000;

/** @throws WeirError when the flow fails or cannot start */
export async function runMember(settings: Settings): Promise<void> {
  const flow = await loadFlow(settings.module, { export: settings.export, params: settings.params });
  const { recovery, member, threads } = settings;
  const pod = member?.pod === true;
  const address: StoreAddress | undefined = recovery && { url: recovery.store, endpoint: recovery.endpoint };
  const store = address && openStore(address.url, address);
  const index = member?.index ?? 0;
  const log = createLog({ pod, flow: flow.id, process: index });
  const driver = drive();

  const mesh = member === undefined ? undefined : await openMesh(flow, settings);
  const network: Network & Driven = mesh === undefined ? createLocalNetwork(driver.wake) : createMeshNetwork(mesh, driver.wake);
  const removals = [driver.add(network)];
  let leaveNow: (error: WeirError) => void = () => {};
  const died = new Promise<never>((_resolve, reject) => (leaveNow = reject));
  died.catch(() => {});
  const workers = await openWorkers(flow, settings, driver, mesh, index, leaveNow);

  const process_ = createProcess({
    process: index,
    network,
    pool: workers.pool,
    store,
    openWriter: (execution, partitions) =>
      createSnapshotWriter({ store: address!, flow: flow.id, execution, process: index, hash: hashName, partitions }),
    compact: (plan, execution, partitions, count) =>
      compactPartitions(store!, plan, {
        identity: { flow: flow.id, execution, process: index, hash: hashName, partitions: count },
        partitions,
        parts: index === 0,
      }),
    lead: index !== 0 ? undefined : await leadOptions(flow, settings, store, mesh),
    perBatch: settings.epochMs === 0,
    wake: driver.wake,
    onEvent: (event) => report(log, event),
  });
  removals.push(
    driver.add({
      step() {
        process_.poll();
        return false;
      },
      nextTime: process_.nextTime,
    }),
  );

  const status = createStatusReader({
    flow: flow.id,
    process: index,
    threads,
    status: process_.status,
    readings: workers.readings,
  });
  const drained = Promise.withResolvers<void>();
  const http =
    settings.httpPort === undefined
      ? undefined
      : await serveHttp({
          flow: flow.id,
          process: process_,
          status,
          token: settings.token,
          host: settings.bind,
          port: settings.httpPort,
          readState: workers.readState,
          onDrained: drained.resolve,
        });
  const asked = Promise.withResolvers<void>();
  const signals = onSignals((again) => {
    asked.resolve();
    if (again) process.exit(130);
    log.info("leaving after a snapshot");
    process_.leave();
  });
  const follow = followProgress(status, settings);
  if (mesh !== undefined && index > 0) mesh.connect(index);

  try {
    const how = await Promise.race([process_.run(), died, workers.crashed]);
    if (how === "crashed") {
      process.send?.({ kind: "aborted" });
      return;
    }
    if (pod && how === "completed") await asked.promise;
    else if (pod) await Promise.race([asked.promise, new Promise((resolve) => setTimeout(resolve, lingerMs))]);
  } catch (error) {
    if (pod) {
      log.error({ err: error, code: isWeirError(error) ? error.code : undefined }, "the flow failed");
      await Promise.race([asked.promise, new Promise((resolve) => setTimeout(resolve, failedLingerMs))]);
    }
    throw error;
  } finally {
    follow.end();
    signals();
    for (const remove of removals) remove();
    driver.stop();
    workers.pool.close();
    await http?.close();
    await mesh?.close();
    await store?.close();
  }
}

async function openMesh(flow: Dataflow, settings: Settings): Promise<Mesh> {
  const member = settings.member!;
  if (settings.token === undefined)
    throw new WeirError("WEIR_USAGE", "WEIR_TOKEN, the secret that the flow's processes share, is not set");
  return createMesh({
    process: member.index,
    flow: flow.id,
    token: settings.token,
    address: member.address,
    listen: { port: member.meshPort, ...(settings.bind === undefined ? {} : { host: settings.bind }) },
  });
}

interface Workers {
  readonly pool: ReturnType<typeof createLocalPool> | ThreadPool;
  readonly readings: () => Promise<WorkerReadings>;
  readonly readState: (step: string, key: string) => Promise<unknown>;
  /** A test source stood for the death of the machine. */
  readonly crashed: Promise<"crashed">;
}

/** One worker runs on this thread, beside the sockets; several have a thread each. */
async function openWorkers(
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
      ...(mesh === undefined ? {} : { mesh: (execution: number, topology: Topology) => mesh.enter(execution, topology) }),
      onDeath,
    });
    return { pool, readings: pool.readings, readState: pool.readState, crashed: crash.promise };
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
  return {
    pool,
    readings: () => readWorkers(pool.workers, driver.busySeconds()),
    readState: async (step, key) => slots[0]?.states?.read(step, key),
    crashed: crash.promise,
  };
}

async function leadOptions(flow: Dataflow, settings: Settings, store: Store | undefined, mesh: Mesh | undefined) {
  const { recovery, member } = settings;
  return {
    ...flowFacts(flow),
    topology: { processes: await initialProcesses(settings), threads: settings.threads },
    keepTopology: member?.pod === true && store !== undefined,
    hash: hashName,
    partitions: recovery?.partitions,
    retain: recovery?.retain ?? 1,
    fromEpoch: recovery?.fromEpoch,
    allowDroppedState: recovery?.allowDroppedState ?? false,
    owner: `${hostname()}, process id ${process.pid}, since ${new Date().toISOString()}`,
    epochMs: settings.epochMs,
    snapshotMs: recovery?.snapshotMs ?? 10_000,
    clock: Date.now,
    sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
    others: () => Array.from({ length: 256 }, (_, process) => process).filter((process) => mesh?.connected(process) === true),
  };
}

async function initialProcesses(settings: Settings): Promise<number> {
  const file = settings.member?.processesFile;
  if (file === undefined || settings.recovery === undefined) return settings.processes;
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw new WeirError("WEIR_USAGE", `WEIR_PROCESSES_FILE could not be read: ${String(error)}`, { cause: error });
  });
  const processes = Number(text.trim());
  if (!Number.isInteger(processes) || processes < 1)
    throw new WeirError("WEIR_USAGE", `${file} holds "${text.trim()}" instead of a number of processes`);
  return processes;
}

/** The first signal asks for a snapshot and an orderly end, a second Ctrl-C does not wait for it. */
function onSignals(leave: (again: boolean) => void): () => void {
  let count = 0;
  const interrupt = (): void => leave(count++ > 0);
  const terminate = (): void => {
    if (count++ === 0) leave(false);
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", terminate);
  return () => {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", terminate);
  };
}

/** To whoever started us, or to the person at the terminal. */
function followProgress(status: StatusReader, settings: Settings): { end(): void } {
  const child = process.env.WEIR_MEMBER !== undefined && process.send !== undefined;
  if (settings.member?.pod === true || (!child && !process.stderr.isTTY)) return { end() {} };
  const line = child ? undefined : createProgressLine();
  const timer = setInterval(() => {
    void status.read().then((read) => {
      if (child && process.connected) process.send!({ kind: "status", status: read });
      line?.show([read]);
    });
  }, 500);
  timer.unref();
  return {
    end() {
      clearInterval(timer);
      line?.end();
    },
  };
}

function report(log: Log, event: ProcessEvent): void {
  switch (event.kind) {
    case "phase":
      return log.info({ phase: event.phase }, "phase changed");
    case "claimed":
      return log.info({ execution: event.execution, resumedFrom: event.resumedFrom, ...event.topology }, "execution begins");
    case "waiting":
      return log.info({ missing: event.missing }, "waiting for processes");
    case "restarting":
      return log.warn(
        { code: event.error.code, reason: event.error.message, attempt: event.attempt },
        "execution ended early, resuming from the last snapshot",
      );
    case "rescaled":
      return log.info(
        { from: event.from.processes, to: event.to.processes, stallMilliseconds: event.stallMilliseconds },
        "rescaled",
      );
    case "committed":
      return log.debug(
        { epoch: event.epoch, bytes: event.bytes, durationMilliseconds: event.durationMilliseconds },
        "snapshot committed",
      );
  }
}
