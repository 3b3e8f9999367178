/** A leader with a store in memory and a network of scripted processes, which load at once and seal what they are told to. */
import { hashName } from "../../runtime/flow/index.ts";
import { createLeader, type Leader, type LeaderEvent, type LeaderOptions } from "../../runtime/execution/leader.ts";
import type { ControlMessage, FromCoordinator, Sealed } from "../../runtime/execution/messages.ts";
import { WeirError } from "../../runtime/errors/index.ts";
import { createMemoryStore, readManifest } from "../../runtime/recovery/index.ts";
import { deltaName } from "../../runtime/recovery/names.ts";
import type { Manifest, Store } from "../../runtime/recovery/types.ts";

export interface Script extends Partial<LeaderOptions> {
  /** Processes that are connected at the beginning; default those of the topology. */
  readonly there?: number;
  /** What a process seals has a file of its own. */
  readonly deltas?: boolean;
}

export function lead(script: Script = {}) {
  const { there, deltas = false, ...options } = script;
  const topology = options.topology ?? { processes: 2, threads: 1 };
  const store: Store | undefined = "store" in options ? options.store : createMemoryStore({ url: "memory://test" });
  const connected = new Set(Array.from({ length: there ?? topology.processes }, (_, process) => process));
  const sent: { to: number; message: ControlMessage }[] = [];
  const events: LeaderEvent[] = [];
  const log: string[] = [];
  let now = 1_700_000_000_000;
  let prepared: Sealed["prepared"] = [];
  let answering = true;
  const leader: Leader = createLeader({
    flowId: "flow",
    steps: ["sum", "in", "out"],
    sources: [{ step: "in", list: () => ["a"] }],
    listSinks: async () => ({}),
    settle: async (values) => void log.push(...values.map(([step, value]) => `settle ${step} ${String(value)}`)),
    abandon: async (values) => void log.push(...values.map(([step, value]) => `abandon ${step} ${String(value)}`)),
    topology,
    keepTopology: false,
    hash: hashName,
    partitions: 8,
    retain: 3,
    allowDroppedState: false,
    owner: "a test",
    epochMs: 100,
    snapshotMs: 1000,
    clock: () => now,
    sleep: async (ms) => {
      log.push(`sleep ${ms}`);
      now += ms;
    },
    wake: () => setImmediate(() => leader.poll()),
    onEvent: (event) => void events.push(event),
    ...options,
    store,
    network: {
      process: 0,
      connected: (process) => connected.has(process),
      onMessage() {},
      onPeer() {},
      send(to, message) {
        sent.push({ to, message });
        if (answering && connected.has(to)) setImmediate(() => answer(to, message as FromCoordinator));
      },
    },
  });

  function answer(process: number, message: FromCoordinator): void {
    if (message.kind === "prepare") leader.handle(process, { kind: "loaded", execution: message.execution });
    if (message.kind === "begin" && process === 0) leader.frontier(message.execution, message.startEpoch);
    if (message.kind === "tick" && process === 0) leader.frontier(message.execution, message.epoch);
    if (message.kind === "tick" && message.snapshot) seal(process, message.execution, message.epoch - 1);
  }
  function seal(process: number, execution: number, epoch: number): void {
    const files = deltas ? [{ path: deltaName(execution, epoch, process), bytes: 100, sha256: "0".repeat(64) }] : [];
    leader.handle(process, { kind: "sealed", execution, epoch, files, steps: ["in"], prepared: process === 0 ? prepared : [] });
  }
  const ended = leader.run();
  ended.catch(() => {});
  const turns = async (count = 20): Promise<void> => {
    for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    leader,
    store: store!,
    sent,
    events,
    log,
    ended,
    turns,
    seal,
    prepares: () => sent.flatMap(({ to, message }) => (message.kind === "prepare" && to === 0 ? [message] : [])),
    manifest: async (): Promise<Manifest> => (await readManifest(store!))!.manifest,
    /** From now on nobody answers (true: they do again). */
    answer: (on: boolean) => void (answering = on),
    preparing: (value: Sealed["prepared"]) => void (prepared = value),
    come(process: number) {
      connected.add(process);
      leader.peerUp(process);
    },
    go(process: number) {
      connected.delete(process);
      leader.peerLost(process, new WeirError("WEIR_PEER_LOST", `process ${process} went away`));
    },
    async pass(ms: number) {
      now += ms;
      leader.poll();
      await turns();
    },
  };
}
