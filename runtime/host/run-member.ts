/**
 * One process of a running flow: alone, or one of several that form a mesh. Boots in the order in which mistakes are cheapest
 * to tell: settings, the flow, the store's address, ports; then the execution protocol takes over.
 */
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { isWeirError, WeirError } from "../errors/index.ts";
import {
  createLocalNetwork,
  createProcess,
  drive,
  type Driven,
  flowFacts,
  type Network,
  openSnapshotFiles,
  type ProcessEvent,
  type SnapshotFiles,
} from "../execution/index.ts";
import { checkFlow, type Dataflow, hashName } from "../flow/index.ts";
import { openStore } from "../recovery/index.ts";
import type { Store } from "../recovery/types.ts";
import { createMesh, type Mesh } from "../timely/communication/websocket/index.ts";
import { openCacheDirectory } from "./cache-directory.ts";
import { loadFlow } from "./load-flow.ts";
import { createLog, type Log } from "./log.ts";
import { onSignals } from "./member-signals.ts";
import { createMeshNetwork } from "./mesh-network.ts";
import { readMeshTls } from "./mesh-tls.ts";
import { openWorkers } from "./open-workers.ts";
import { describeShares } from "./profile.ts";
import { createProgressLine } from "./progress-line.ts";
import type { Settings } from "./settings.ts";
import { createStatusReader, type StatusReader, type WorkerStatus } from "./status.ts";

/** How long a drained process of a pod waits for the SIGTERM that follows, in milliseconds. */
const lingerMs = 3000;
/** How long a pod whose flow has failed stays for the controller to read why. */
const failedLingerMs = 5000;

/** @throws WeirError when the flow fails or cannot start */
export async function runMember(settings: Settings): Promise<void> {
  const flow = await loadFlow(settings.module, { export: settings.export, params: settings.params });
  checkFlow(flow);
  const opened: (() => unknown)[] = [];
  try {
    await runOpened(flow, settings, (close) => opened.push(close));
  } finally {
    for (const close of opened.toReversed()) await close();
  }
}

/** @param closing takes what has to be closed, whatever happens; what was opened last is closed first */
async function runOpened(flow: Dataflow, settings: Settings, closing: (close: () => unknown) => void): Promise<void> {
  const { member } = settings;
  const pod = member?.pod === true;
  const index = member?.index ?? 0;
  const log = createLog({ pod, flow: flow.id, process: index });
  const durable = openDurable(flow, settings, index);
  if (durable !== undefined) closing(durable.close);
  const lead = index !== 0 ? undefined : await leadOptions(flow, settings, durable);

  const driver = drive();
  closing(driver.stop);
  const mesh = member === undefined ? undefined : await openMesh(flow, settings);
  if (mesh !== undefined) closing(() => mesh.close());
  const network: Network & Driven = mesh === undefined ? createLocalNetwork(driver.wake) : createMeshNetwork(mesh, driver.wake);
  driver.add(network);
  const died = Promise.withResolvers<never>();
  died.promise.catch(() => {});
  const workers = await openWorkers(flow, settings, driver, mesh, index, died.reject);
  closing(() => workers.pool.close());

  const process_ = createProcess({
    process: index,
    network,
    pool: workers.pool,
    store: durable?.store,
    files: durable?.files,
    readState: workers.readState,
    lead,
    perBatch: settings.epochMs === 0,
    wake: driver.wake,
    onEvent: (event) => report(log, event),
  });
  driver.add({
    step() {
      process_.poll();
      return false;
    },
    nextTime: process_.nextTime,
  });

  const { readings } = workers;
  const status = createStatusReader({
    flow: flow.id,
    process: index,
    threads: settings.threads,
    status: process_.status,
    readings,
  });
  const drained = Promise.withResolvers<void>();
  if (settings.httpPort !== undefined) {
    // Loaded only where a port is wanted: it brings a web server along.
    const { serveHttp } = await import("./http/server.ts");
    const http = await serveHttp({
      flow: flow.id,
      process: process_,
      status,
      token: settings.token,
      host: settings.bind,
      port: settings.httpPort,
      onDrained: drained.resolve,
    });
    closing(http.close);
  }
  const signals = onSignals(() => {
    log.info("leaving after a snapshot");
    process_.leave();
  });
  closing(signals.stop);
  closing(followProgress(status, settings).end);
  if (mesh !== undefined && index > 0) mesh.connect(index);

  const linger = (ms: number): Promise<unknown> => Promise.race([signals.asked, sleep(ms, undefined, { ref: false })]);
  try {
    const how = await Promise.race([process_.run(), died.promise, workers.crashed]);
    if (how !== "crashed") {
      const profiles = await workers.endProfiles();
      if (profiles.length > 0) console.error(describeShares(profiles));
    }
    if (process.env.WEIR_MEMBER !== undefined) process.send?.({ kind: "ended", how });
    if (!pod || how === "crashed") return;
    // Complete: stays for the controller, which ends it by a signal or a drain.
    if (how === "completed") await Promise.race([signals.asked, drained.promise]);
    await linger(lingerMs);
  } catch (error) {
    if (pod) {
      log.error({ err: error, code: isWeirError(error) ? error.code : undefined }, "the flow failed");
      await linger(failedLingerMs);
    }
    throw error;
  }
}

interface Durable {
  readonly store: Store;
  readonly files: SnapshotFiles;
  /** To restore from, when that is another one. */
  readonly from: Store | undefined;
  readonly close: () => Promise<void>;
}

/** The store of the state, if there is one, and this process's way to its files. @throws WEIR_STORE_URL */
function openDurable(flow: Dataflow, settings: Settings, process: number): Durable | undefined {
  const { recovery } = settings;
  if (recovery === undefined) return undefined;
  const address = { url: recovery.store, endpoint: recovery.endpoint };
  const store = openStore(address.url, address);
  const other = recovery.restore?.store;
  const from = other === undefined || other === recovery.store ? undefined : openStore(other, { endpoint: recovery.endpoint });
  const cache = openCacheDirectory(settings.cacheDirectory, recovery.store);
  const files = openSnapshotFiles({
    store,
    // What is kept in this thread's memory no other thread can open.
    ...(recovery.store.startsWith("memory:") ? {} : { address }),
    flow: flow.id,
    hash: hashName,
    process,
    cacheDirectory: cache.path,
  });
  return {
    store,
    files,
    from,
    async close() {
      files.close();
      await store.close();
      await from?.close();
      cache.remove();
    },
  };
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
    tls: settings.meshTls === undefined ? undefined : readMeshTls(settings.meshTls),
  });
}

async function leadOptions(flow: Dataflow, settings: Settings, durable: Durable | undefined) {
  const { recovery } = settings;
  const restore = recovery?.restore;
  return {
    ...flowFacts(flow),
    topology: { processes: await initialProcesses(settings), threads: settings.threads },
    keepTopology: settings.keepTopology && durable !== undefined,
    hash: hashName,
    partitions: recovery?.partitions,
    retain: recovery?.retain ?? 1,
    ...(restore === undefined ? {} : { restore: { epoch: restore.epoch, id: restore.id, from: durable?.from } }),
    allowDroppedState: recovery?.allowDroppedState ?? false,
    owner: `${hostname()}, process id ${process.pid}, since ${new Date().toISOString()}`,
    epochMs: settings.epochMs,
    snapshotMs: recovery?.snapshotMs ?? 10_000,
    clock: Date.now,
    sleep: (ms: number) => sleep(ms),
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

/** To whoever started us, or to the person at the terminal. */
function followProgress(status: StatusReader, settings: Settings): { end(): void } {
  const child = process.env.WEIR_MEMBER !== undefined && process.send !== undefined;
  if (settings.member?.pod === true || (!child && !process.stderr.isTTY)) return { end() {} };
  const line = child ? undefined : createProgressLine();
  const timer = setInterval(() => {
    const show = (read: WorkerStatus): void => {
      if (child && process.connected) process.send!({ kind: "status", status: read });
      line?.show([read]);
    };
    // A reading that fails costs a look at the progress; what made it fail ends the flow elsewhere.
    status.read().then(show, () => {});
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
    case "trouble":
      return log.warn({ code: event.error.code, reason: event.error.message }, "something went wrong that the flow does without");
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
