/** A pool whose workers have a thread each: rings between them, and a bridge to the mesh when there are other processes. */
import { Worker } from "node:worker_threads";
import { asWeirError, invariant, type WeirError } from "../../errors/index.ts";
import { fromWireError, type FromWorker, type WorkerHandle, type WorkerPool } from "../../execution/index.ts";
import type { Topology } from "../../recovery/types.ts";
import { abortRings, type Bridge, createRings, openBridge, type RingSetup } from "../../timely/communication/rings/index.ts";
import type { RemotePort } from "../../timely/communication/remote.ts";
import type { ProfileReport } from "../profile.ts";
import { addReadings } from "../readings.ts";
import type { WorkerReadings } from "../status.ts";
import { keepToOwnTurns } from "./own-turns.ts";
import type { FromThread, ThreadStart, ToThread } from "./messages.ts";

export interface ThreadPool extends WorkerPool {
  readings(): Promise<WorkerReadings>;
  readState(step: string, key: string): Promise<unknown>;
  /** One of each thread, of a pool that was started with `profile`. */
  endProfiles(): Promise<ProfileReport[]>;
}
export interface ThreadPoolOptions extends Omit<ThreadStart, "thread" | "profile"> {
  /** Directory for a CPU profile of each thread. */
  readonly profile?: string | undefined;
  readonly process: number;
  readonly threads: number;
  /** Given when the flow has other processes. */
  readonly mesh?: (execution: number, topology: Topology) => RemotePort;
  /** A thread died: the whole process has to. */
  readonly onDeath: (error: WeirError) => void;
  /** A test source stood for the death of the machine. */
  readonly onAbort: () => void;
}

/** Resolves when every thread has loaded the flow. @throws what loading it threw */
export async function createThreadPool(options: ThreadPoolOptions): Promise<ThreadPool> {
  const { threads } = options;
  keepToOwnTurns(threads);
  const receivers: ((message: FromWorker) => void)[] = [];
  const started: Worker[] = [];
  const questions = new Map<number, (answer: unknown) => void>();
  let asked = 0;
  let rings: RingSetup | undefined;
  let bridge: Bridge | undefined;
  let closing = false;

  const start = (thread: number): Promise<Worker> =>
    new Promise((resolve, reject) => {
      const { module, params } = options;
      const index = options.process * threads + thread;
      const profile = options.profile === undefined ? undefined : { directory: options.profile, index };
      const workerData: ThreadStart = { module, export: options.export, params, thread, profile };
      const worker = new Worker(new URL("./thread.ts", import.meta.url), { workerData });
      started.push(worker);
      worker.on("message", (message: FromThread) => {
        switch (message.kind) {
          case "started":
            return resolve(worker);
          case "broken":
            return reject(fromWireError(message.error));
          case "aborted":
            return options.onAbort();
          case "message": {
            const inner = message.message;
            return receivers[thread]?.(inner.kind === "failed" ? { kind: "failed", error: fromWireError(inner.error) } : inner);
          }
          case "readings":
            questions.get(message.id)?.(message.readings);
            return void questions.delete(message.id);
          case "profiled":
            questions.get(message.id)?.(message.report);
            return void questions.delete(message.id);
          case "state":
            questions.get(message.id)?.(message.value);
            return void questions.delete(message.id);
        }
      });
      const died = (error: unknown): void => {
        if (closing) return;
        const reason = asWeirError(error, "WEIR_PEER_LOST", `worker thread ${thread} died`);
        reject(reason);
        if (rings !== undefined) abortRings(rings, reason);
        options.onDeath(reason);
      };
      worker.on("error", died);
      worker.on("exit", (code) => died(new Error(`it ended with status ${code}`)));
    });
  const close = (): void => {
    closing = true;
    for (const worker of started) void worker.terminate();
  };
  const workers = await Promise.all(Array.from({ length: threads }, (_, thread) => start(thread))).catch((error: unknown) => {
    // All load the same flow: the others fail alike, or wait for work that will not come.
    close();
    throw error;
  });
  const tell = (thread: number, message: ToThread): void => workers[thread]!.postMessage(message);
  const ask = <T>(thread: number, question: (id: number) => ToThread): Promise<T> =>
    new Promise((resolve) => {
      const id = asked++;
      questions.set(id, resolve as (answer: unknown) => void);
      tell(thread, question(id));
    });
  const leave = (keep: boolean): void => {
    for (let thread = 0; thread < threads; thread++) {
      receivers[thread] = () => {};
      tell(thread, { kind: "leave", keep });
    }
    bridge?.close();
    bridge = undefined;
    rings = undefined;
  };

  return {
    enter(execution, topology) {
      invariant(topology.threads === threads, `${topology.threads} threads asked of a pool of ${threads}`);
      if (rings !== undefined) leave(true);
      const { processes } = topology;
      rings = createRings(processes === 1 ? { workers: threads } : { workers: threads, process: options.process, processes });
      if (processes > 1) bridge = openBridge(rings, options.mesh!(execution, topology));
      return workers.map((_, thread): WorkerHandle => {
        const index = options.process * threads + thread;
        tell(thread, { kind: "enter", rings: rings!, index, peers: processes * threads });
        return {
          index,
          post: (message) => tell(thread, { kind: "message", message }),
          onMessage: (handler) => (receivers[thread] = handler),
        };
      });
    },
    leave: (_execution, keep) => leave(keep),
    close,
    async readings() {
      const all = await Promise.all(workers.map((_, thread) => ask<WorkerReadings>(thread, (id) => ({ kind: "readings", id }))));
      return addReadings(all);
    },
    endProfiles: () => Promise.all(workers.map((_, thread) => ask<ProfileReport>(thread, (id) => ({ kind: "endProfile", id })))),
    async readState(step, key) {
      const values = await Promise.all(
        workers.map((_, thread) => ask<unknown>(thread, (id) => ({ kind: "readState", id, step, key }))),
      );
      return values.find((value) => value !== undefined);
    },
  };
}
