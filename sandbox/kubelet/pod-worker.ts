/**
 * One pod from its assignment to its removal. Level-triggered: whatever happened (an update, an exit, a probe, a timer), `sync` looks
 * at the whole pod and does the next thing. Invariant: sync runs alone; the API learns of the end only when every process is gone.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Container, Pod, PodStatus } from "../client/index.ts";
import { createContainer, freshRecord, terminationLog, type ContainerRun } from "./container.ts";
import { ConfigError } from "./environment.ts";
import { ImageError } from "./image.ts";
import type { Endpoint } from "./network-table.ts";
import type { BackOff, ImageMapping, NetworkMode } from "./options.ts";
import { initDone, podStatus } from "./pod-status.ts";
import { saveRecord, type PodRecord } from "./record.ts";
import { lastExit, lengthenBackOff, mayStartAt } from "./restart.ts";
import { startContext } from "./start-context.ts";
import { isLive, materialise, type VolumeSources } from "./volumes.ts";

export interface PodHost {
  readonly podsFolder: string;
  readonly hostIP: string;
  readonly images: readonly ImageMapping[];
  readonly backOff: BackOff;
  readonly network: { readonly mode: NetworkMode; readonly directory: string };
  readonly locate: (address: string, port: number) => { host: string; port: number };
  takeAddress(preferred: string | undefined): string;
  sources(pod: Pod): VolumeSources;
  event(pod: Pod, type: "Normal" | "Warning", reason: string, message: string, container?: Container): void;
  /** The status may have changed. */
  changed(uid: string): void;
  /** All processes are gone and the last status stands: report it, and remove the pod from the API when it is being deleted. */
  ended(worker: PodWorker): Promise<void>;
  log(message: string): void;
}

export interface PodWorker {
  readonly uid: string;
  readonly pod: () => Pod;
  update(pod: Pod): void;
  /** It is no longer in the API. */
  removed(): void;
  /** An object it refers to changed. */
  refresh(): void;
  status(): PodStatus;
  endpoint(): Endpoint | undefined;
  container(name: string): ContainerRun | undefined;
  address(): string | undefined;
  /** Ends its processes and keeps what is needed to start them again. */
  shutDown(graceSeconds: number): Promise<void>;
  killAll(): void;
  /** Lets go of processes without ending them, as a kubelet that is killed does. */
  abandon(): void;
}

const timestamp = (): string => new Date().toISOString().replace(/\.\d+Z$/, "Z");

export function createPodWorker(first: Pod, known: PodRecord | undefined, host: PodHost): PodWorker {
  let pod = first;
  const uid = first.metadata.uid as string;
  const folder = join(host.podsFolder, uid);
  const record: PodRecord = known ?? {
    uid,
    namespace: first.metadata.namespace ?? "default",
    name: first.metadata.name,
    startTime: timestamp(),
    containers: {},
  };
  let podIP: string | undefined;
  let volumes: Map<string, string> | undefined;
  let stale = false;
  let gone = false;
  let over = false;
  let closed = false;
  let failure: { reason: string; message: string } | undefined;
  let dirty = false;
  let working: Promise<void> | undefined;
  let mountFailures = 0;
  /** Image and configuration failures: when to try again, and how often that was. */
  const retries = new Map<string, { at: number; count: number }>();
  const timers = new Set<NodeJS.Timeout>();

  const save = (): void => {
    if (!closed) saveRecord(folder, record);
  };
  const create = (spec: Container, waiting: string): ContainerRun => {
    const own = (record.containers[spec.name] ??= freshRecord(spec.name, { waiting: { reason: waiting } }));
    return createContainer(spec, own, {
      folder: join(folder, "containers", spec.name),
      logFolder: join(folder, "logs", spec.name),
      changed() {
        save();
        host.changed(uid);
        wake();
      },
      event: (type, reason, message) => host.event(pod, type, reason, message, spec),
    });
  };
  const inits = (first.spec.initContainers ?? []).map((spec) => create(spec, "PodInitializing"));
  const mains = first.spec.containers.map((spec) => create(spec, inits.length > 0 ? "PodInitializing" : "ContainerCreating"));
  const all = [...inits, ...mains];

  const wake = (): void => {
    if (closed) return;
    dirty = true;
    working ??= work().finally(() => {
      working = undefined;
      if (dirty) wake();
    });
  };
  const work = async (): Promise<void> => {
    while (dirty && !closed) {
      dirty = false;
      try {
        await sync();
      } catch (error) {
        host.log(`pod ${record.namespace}/${record.name}: ${String(error)}`);
        later(1000);
      }
    }
  };
  const later = (milliseconds: number): void => {
    const timer = setTimeout(() => (timers.delete(timer), wake()), Math.max(10, milliseconds));
    timers.add(timer);
  };

  const setUp = async (): Promise<boolean> => {
    if (podIP === undefined) {
      podIP = host.takeAddress(record.podIP);
      record.podIP = podIP;
      save();
    }
    const context = { pod, addresses: { podIP, hostIP: host.hostIP }, folder: join(folder, "volumes"), sources: host.sources(pod) };
    const made = volumes ?? new Map<string, string>();
    mkdirSync(context.folder, { recursive: true });
    for (const volume of pod.spec.volumes ?? []) {
      if (made.has(volume.name) && !(stale && isLive(volume))) continue;
      try {
        made.set(volume.name, await materialise(context, volume));
      } catch (error) {
        host.event(
          pod,
          "Warning",
          "FailedMount",
          `MountVolume.SetUp failed for volume "${volume.name}" : ${(error as Error).message}`,
        );
        later(Math.min(10_000, 250 * 2 ** mountFailures++));
        // A running pod keeps the files it has; a new one waits.
        if (volumes === undefined) return false;
      }
    }
    mountFailures = 0;
    stale = false;
    volumes = made;
    return true;
  };

  const surroundings = (run: ContainerRun) => ({
    pod,
    podIP: podIP as string,
    hostIP: host.hostIP,
    images: host.images,
    objects: host.sources(pod),
    folder,
    volumes: volumes as Map<string, string>,
    network: host.network,
    locate: host.locate,
    terminationLog: terminationLog({ folder: join(folder, "containers", run.spec.name) }),
  });

  const wait = (run: ContainerRun, reason: string, message: string): void => {
    const { waiting, terminated } = run.record.state;
    if (waiting?.reason === reason && waiting.message === message) return;
    if (terminated !== undefined) run.record.lastState = { terminated };
    run.record.state = { waiting: { reason, message } };
    save();
    host.changed(uid);
  };

  const retryLater = (run: ContainerRun, error: ImageError | ConfigError): void => {
    const count = (retries.get(run.spec.name)?.count ?? 0) + 1;
    const pull = error instanceof ImageError;
    const pauseMs = pull ? Math.min(host.backOff.maxMs, host.backOff.firstMs * 2 ** (count - 1)) : Math.min(5000, 500 * count);
    retries.set(run.spec.name, { at: Date.now() + pauseMs, count });
    if (pull) host.event(pod, "Warning", "Failed", `Failed to pull image "${run.spec.image}": ${error.message}`, run.spec);
    host.event(pod, "Warning", "Failed", `Error: ${pull ? error.reason : error.message}`, run.spec);
    wait(run, error.reason, error.message);
    later(pull ? Math.min(1000, pauseMs) : pauseMs);
  };

  /** Starts the container when it is time; says when it is not. */
  const start = async (run: ContainerRun, at: number): Promise<void> => {
    const { spec, record: own } = run;
    const retry = retries.get(spec.name);
    const from = Math.max(at, retry?.at ?? 0);
    if (from > Date.now()) {
      if (retry !== undefined && own.state.waiting?.reason === "ErrImagePull") {
        host.event(pod, "Normal", "BackOff", `Back-off pulling image "${spec.image}"`, spec);
        wait(run, "ImagePullBackOff", `Back-off pulling image "${spec.image}": ErrImagePull: ${own.state.waiting.message}`);
      } else if (retry === undefined && own.state.waiting?.reason !== "CrashLoopBackOff") {
        const which = `${pod.metadata.name}_${pod.metadata.namespace}(${uid})`;
        host.event(pod, "Warning", "BackOff", `Back-off restarting failed container ${spec.name} in pod ${which}`, spec);
        wait(run, "CrashLoopBackOff", `back-off ${own.backOffMs / 1000}s restarting failed container=${spec.name} pod=${which}`);
      }
      return later(from - Date.now());
    }
    try {
      const context = await startContext(spec, surroundings(run));
      retries.delete(spec.name);
      if (lastExit(own) !== undefined) lengthenBackOff(own, host.backOff);
      host.event(pod, "Normal", "Pulled", `Container image "${spec.image}" already present on machine`, spec);
      host.event(pod, "Normal", "Created", `Container created`, spec);
      if (pod.metadata.deletionTimestamp !== undefined || gone || closed) return;
      // A start that fails has put its own state in the record; restarting goes on from there.
      await run.start(context).catch(() => undefined);
      later(0);
    } catch (error) {
      if (!(error instanceof ImageError || error instanceof ConfigError)) throw error;
      retryLater(run, error);
    }
  };

  const policyOf = (run: ContainerRun): string => {
    if (run.spec.restartPolicy !== undefined) return run.spec.restartPolicy;
    const policy = pod.spec.restartPolicy ?? "Always";
    // An init container that succeeded is done, whatever the pod's policy.
    return inits.includes(run) && policy === "Always" ? "OnFailure" : policy;
  };
  const due = (run: ContainerRun): number | undefined => mayStartAt(run.record, policyOf(run), host.backOff);

  const stopAll = async (deadline: () => number, quietly = false): Promise<void> => {
    const stop = (runs: readonly ContainerRun[]) =>
      Promise.all(
        runs
          .filter((run) => run.running())
          .map((run) => {
            if (!quietly) host.event(pod, "Normal", "Killing", `Stopping container ${run.spec.name}`, run.spec);
            return run.stop(deadline);
          }),
      );
    // Sidecars serve the others to their end.
    await stop(mains);
    await stop(inits.toReversed());
  };

  const adopt = async (): Promise<void> => {
    for (const run of all) {
      if (run.running() || run.record.process === undefined) continue;
      const bare = {
        image: { entrypoint: [], cmd: [], cwd: undefined, env: {}, paths: {} },
        env: {},
        cwd: folder,
        podIP: podIP ?? "",
        rewrite: String,
        locate: host.locate,
      };
      const context = volumes === undefined ? bare : await startContext(run.spec, surroundings(run)).catch(() => bare);
      run.adopt(context);
    }
  };

  const end = async (): Promise<void> => {
    await adopt();
    const since = Date.now();
    const grace = (): number =>
      gone && pod.metadata.deletionTimestamp === undefined
        ? 0
        : (pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30);
    await stopAll(() => since + Math.max(gone ? 1 : 0, grace()) * 1000);
    over = true;
    for (const { record: own } of all) if (own.state.running !== undefined) throw new Error(`container ${own.name} still runs`);
    await host.ended(worker);
    close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };

  const finish = async (): Promise<void> => {
    over = true;
    await stopAll(() => Date.now() + (pod.spec.terminationGracePeriodSeconds ?? 30) * 1000);
    host.changed(uid);
  };

  const sync = async (): Promise<void> => {
    if (gone || pod.metadata.deletionTimestamp !== undefined) return end();
    if (over) return;
    if ((volumes === undefined || stale) && !(await setUp())) return host.changed(uid);
    await adopt();
    const limit = pod.spec.activeDeadlineSeconds;
    if (limit !== undefined) {
      const left = Date.parse(record.startTime) + limit * 1000 - Date.now();
      if (left <= 0) {
        failure = { reason: "DeadlineExceeded", message: "Pod was active on the node longer than the specified deadline" };
        host.event(pod, "Normal", "DeadlineExceeded", failure.message);
        return finish();
      }
      later(left);
    }
    for (const run of inits) {
      if (initDone(run) && run.record.interrupted !== true) continue;
      if (!run.running()) {
        const at = due(run);
        if (at === undefined) return run.record.state.terminated?.exitCode === 0 ? undefined : finish();
        await start(run, at);
      }
      if (!initDone(run)) return host.changed(uid);
    }
    for (const run of mains) {
      if (run.running()) continue;
      const at = due(run);
      if (at !== undefined) await start(run, at);
    }
    if (mains.every((run) => !run.running() && due(run) === undefined)) return finish();
    host.changed(uid);
  };

  const close = (): void => {
    closed = true;
    for (const timer of timers) clearTimeout(timer);
    timers.clear();
  };

  // What a stop of the kubelet interrupted never finished by itself, whatever its exit code says.
  for (const { record: own } of all) {
    const { terminated } = own.state;
    if (own.interrupted === true && terminated?.exitCode === 0 && pod.spec.restartPolicy === "Never") {
      own.state = {
        terminated: {
          ...terminated,
          exitCode: 137,
          reason: "ContainerStatusUnknown",
          message: "The node was stopped while the container ran",
        },
      };
    }
  }

  const worker: PodWorker = {
    uid,
    pod: () => pod,
    update(next) {
      const texts = (of: Pod): string => JSON.stringify([of.metadata.labels, of.metadata.annotations]);
      if (texts(next) !== texts(pod)) stale = true;
      pod = next;
      wake();
    },
    removed() {
      gone = true;
      wake();
    },
    refresh() {
      stale = true;
      for (const run of all) if (run.record.state.waiting?.reason === "CreateContainerConfigError") retries.delete(run.spec.name);
      wake();
    },
    status: () =>
      podStatus({ pod, inits, mains, hostIP: host.hostIP, podIP, startTime: record.startTime, failure, over, now: timestamp() }),
    endpoint() {
      if (podIP === undefined || over) return undefined;
      const ready = worker.status().conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
      return { pod, address: podIP, ready: ready && pod.metadata.deletionTimestamp === undefined };
    },
    container: (name) => all.find(({ spec }) => spec.name === name),
    address: () => podIP,
    async shutDown(graceSeconds) {
      const ending = pod.metadata.deletionTimestamp !== undefined;
      dirty = false;
      if (!ending) closed = true;
      for (const run of all) if (run.running()) run.record.interrupted = true;
      const deadline = Date.now() + graceSeconds * 1000;
      await stopAll(() => deadline, true);
      close();
      saveRecord(folder, record);
    },
    killAll() {
      for (const run of all) run.kill();
    },
    abandon() {
      close();
      for (const run of all) run.abandon();
    },
  };
  save();
  wake();
  return worker;
}
