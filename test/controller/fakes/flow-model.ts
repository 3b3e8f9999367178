/**
 * What worker processes would do, reduced to what the controller can see: a manifest per store, processes that load, run, stand by,
 * drain and rescale, and a mesh that is whole or not. Reached without sockets.
 */
import type { WorkerStatus } from "../../../controller/decide/index.ts";
import type { WorkerClient } from "../../../controller/observe/index.ts";

interface ModelManifest {
  processes: number;
  execution: number;
  epoch: number;
  snapshotAt: number;
}

export interface ModelProcess {
  readonly flow: string;
  readonly pod: string;
  readonly ordinal: number;
  readonly ip: string;
  readonly environment: Readonly<Record<string, string>>;
  /** From ConfigMap: how many processes an empty store begins with. */
  readonly initial: number;
  readonly startedAt: number;
  phase: WorkerStatus["phase"] | "exited";
  error?: WorkerStatus["error"];
}

export interface FlowModel extends WorkerClient {
  readonly processes: Map<string, ModelProcess>;
  readonly manifests: Map<string, ModelManifest>;
  readonly calls: { path: string; pod: string; body: unknown }[];
  start(process: Omit<ModelProcess, "startedAt" | "phase">): void;
  end(ip: string): void;
  isReady(ip: string): boolean;
  /** Makes a flow's processes report that the input has ended. */
  complete(flow: string): void;
  lag: number;
  /** Called before a POST is carried out; may throw, as a worker would refuse. */
  beforePost?: (path: string, body: unknown) => void;
}

export function createFlowModel(loadMs = 20): FlowModel {
  const processes = new Map<string, ModelProcess>();
  const manifests = new Map<string, ModelManifest>();
  const calls: FlowModel["calls"] = [];
  const done = new Set<string>();
  let records = 0;

  const storeOf = (process: ModelProcess) => process.environment.WEIR_RECOVERY_STORE;
  const stateless = new Map<string, ModelManifest>();
  const manifestOf = (process: ModelProcess): ModelManifest => {
    const store = storeOf(process);
    const key = store ?? `${process.flow}/${process.environment.WEIR_PROCESSES}/${process.environment.RUN}`;
    const table = store === undefined ? stateless : manifests;
    let manifest = table.get(key);
    if (manifest === undefined) {
      manifest = {
        processes: store === undefined ? Number(process.environment.WEIR_PROCESSES) : process.initial,
        execution: 0,
        epoch: 0,
        snapshotAt: Date.now(),
      };
      table.set(key, manifest);
    }
    return manifest;
  };
  const peers = (process: ModelProcess) =>
    [...processes.values()].filter((other) => other.flow === process.flow && other.phase !== "exited" && other.phase !== "failed");
  const phaseOf = (process: ModelProcess): WorkerStatus["phase"] => {
    if (process.phase === "exited" || process.phase === "failed") return "failed";
    const manifest = manifestOf(process);
    if (Date.now() - process.startedAt < loadMs) return "loading";
    if (process.ordinal >= manifest.processes) return "standby";
    const present = peers(process).filter((other) => other.ordinal < manifest.processes && Date.now() - other.startedAt >= loadMs);
    if (present.length < manifest.processes) return "loading";
    return done.has(process.flow) ? "completed" : "running";
  };
  const statusOf = (process: ModelProcess): WorkerStatus | undefined => {
    if (process.phase === "exited") return undefined;
    const manifest = manifestOf(process);
    const phase = phaseOf(process);
    if (phase === "running" && process.ordinal === 0) {
      manifest.epoch++;
      manifest.snapshotAt = Date.now();
      records += 10;
    }
    if (manifest.execution === 0) manifest.execution = 1;
    return {
      flow: process.flow,
      process: process.ordinal,
      phase,
      execution: manifest.execution,
      topology: { processes: manifest.processes, threads: 1 },
      epoch: manifest.epoch,
      lastSnapshot: {
        epoch: manifest.epoch,
        time: new Date(manifest.snapshotAt).toISOString(),
        bytes: 10,
        durationMilliseconds: 1,
      },
      busy: 0.5,
      steps: [
        { step: "in", kind: "input", upstream: [], recordsIn: records, recordsOut: records, busySeconds: 1 },
        { step: "out", kind: "output", upstream: ["in"], recordsIn: records, recordsOut: 0, busySeconds: 1 },
      ],
      sources:
        process.ordinal === 0
          ? Array.from({ length: 8 }, (_, part) => ({ step: "in", part: String(part), lag: model.lag / 8 }))
          : [],
      ...(process.error === undefined ? {} : { error: process.error }),
    };
  };

  const model: FlowModel = {
    processes,
    manifests,
    calls,
    lag: 0,
    start: (process) => {
      const broken = process.environment.WEIR_PARAMS?.includes("broken") === true;
      processes.set(process.ip, {
        ...process,
        startedAt: Date.now(),
        phase: broken ? "failed" : "loading",
        ...(broken ? { error: { code: "WEIR_STEP_FAILED", message: "boom", step: "split" } } : {}),
      });
    },
    end: (ip) => {
      const process = processes.get(ip);
      processes.delete(ip);
      // A new execution of those that stay.
      if (process !== undefined && process.phase !== "exited" && process.ordinal < manifestOf(process).processes)
        manifestOf(process).execution++;
    },
    isReady: (ip) => {
      const process = processes.get(ip);
      return process !== undefined && process.phase !== "exited" && ["running", "completed"].includes(phaseOf(process));
    },
    complete: (flow) => void done.add(flow),
    status: (address) => Promise.resolve(processes.has(address) ? statusOf(processes.get(address)!) : undefined),
    post: async (address, path, token, body) => {
      const process = processes.get(address);
      if (process === undefined || process.phase === "exited") throw new Error("connection refused");
      if (token !== process.environment.WEIR_TOKEN) throw new Error("401");
      calls.push({ path, pod: process.pod, body });
      model.beforePost?.(path, body);
      const manifest = manifestOf(process);
      if (path === "/drain") {
        manifest.epoch++;
        manifest.snapshotAt = Date.now();
        for (const other of peers(process)) other.phase = "exited";
        return { epoch: manifest.epoch, bytes: 1, durationMilliseconds: 1 };
      }
      const { processes: count } = body as { processes: number };
      const standing = peers(process).filter((other) => other.ordinal < count).length;
      if (standing < count) throw new Error(`409: only ${standing} of ${count} processes are there`);
      manifest.processes = count;
      manifest.execution++;
      return { execution: manifest.execution, epoch: manifest.epoch, stallMilliseconds: 12 };
    },
    close: () => undefined,
  };
  return model;
}
