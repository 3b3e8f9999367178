/**
 * Runs flows on workers of this thread with epochs ticked by hand and a store in memory: what `execution` and `recovery` do,
 * in the plainest way, so that the flow layer can be tested without them.
 */
import { createThreadFabrics } from "../../runtime/timely/communication/thread.ts";
import { createWorker, type EngineWorker } from "../../runtime/timely/index.ts";
import { WeirError } from "../../runtime/errors/index.ts";
import {
  createKeyedStates,
  decodeStateRow,
  lowerFlow,
  partitionOf,
  sinksOf,
  sourcesOf,
  type Dataflow,
  type DynamicSink,
  type FlowRuntime,
  type KeyedStates,
  type LoweredFlow,
  type PartitionedSource,
  type SourceReader,
} from "../../runtime/flow/index.ts";
import { loadRow } from "./state/load-row.ts";

/** What survives a run: rows of committed snapshots. */
export class MemoryStore {
  readonly state = new Map<string, Map<string, Uint8Array>>();
  readonly parts = new Map<string, unknown>();
  readonly prepared: [step: string, value: unknown][] = [];
  committed = 0;
  #pending: { epoch: number; apply: () => void }[] = [];

  row(epoch: number, apply: () => void): void {
    this.#pending.push({ epoch, apply });
  }
  /** Rows of epochs up to this one become the truth; what a crash left behind does not. */
  commit(epoch: number): void {
    for (const row of this.#pending) if (row.epoch <= epoch) row.apply();
    this.#pending = this.#pending.filter((row) => row.epoch > epoch);
    this.committed = epoch;
  }
  forget(): void {
    this.#pending = [];
  }
  /** Decoded state of a step, by key. */
  decoded(step: string): Record<string, unknown> {
    return Object.fromEntries([...(this.state.get(step) ?? [])].map(([key, row]) => [key, decodeStateRow(row)]));
  }
}

export interface RunOptions {
  readonly workers?: number;
  readonly partitions?: number;
  /** Ticks happen after this many rounds of steps. Default 5. */
  readonly roundsPerTick?: number;
  readonly store?: MemoryStore;
  /** Every how many ticks a snapshot is taken. Default 2 with a store. */
  readonly ticksPerSnapshot?: number;
  readonly perBatch?: boolean;
  readonly now?: () => number;
  /** Stops as if the machine had died, after this many rounds. */
  readonly crashAfter?: number;
  /** Drains after this many rounds; what is kept in memory is given back. */
  readonly drainAfter?: number;
  /** State kept from a run that drained, by worker. */
  readonly states?: readonly KeyedStates[];
  readonly sinkParts?: Readonly<Record<string, readonly string[]>>;
  /** Lets workers run and learn of ticks at random, and so apart from each other; the same seed gives the same run. */
  readonly seed?: number;
  /** The store takes no rows until after this round; who has some is asked to wait. */
  readonly fullUntil?: number;
  /** Called after each round. */
  readonly onRound?: (round: number) => void;
}

export interface RunResult {
  readonly crashed: boolean;
  readonly drained: boolean;
  readonly epochs: number;
  readonly lowered: readonly LoweredFlow[];
  readonly states: readonly KeyedStates[];
  readonly rounds: number;
}

export async function run(flow: Dataflow, options: RunOptions = {}): Promise<RunResult> {
  const { workers: count = 1, partitions = 16, roundsPerTick = 5, store, perBatch = false, now = Date.now } = options;
  const { ticksPerSnapshot = 2, crashAfter = Infinity, drainAfter = Infinity } = options;
  store?.forget();
  const cluster = { current: (store?.committed ?? 0) + 1, held: false, batchEnded: false, draining: false };
  const snapshots = new Set<number>();
  const open = new Map<string, Set<string>>();
  const ended = new Set<string>();
  let failure: WeirError | undefined;
  let full = options.fullUntil !== undefined;
  const onRoom: (() => void)[] = [];
  const assignment = Array.from({ length: partitions }, (_, partition) => partition % count);

  const fabrics = createThreadFabrics(count);
  const lowered: LoweredFlow[] = [];
  const workers: EngineWorker[] = [];
  const readers: Map<string, SourceReader>[] = [];
  const random = options.seed === undefined ? () => 0 : randomFrom(options.seed);
  /** What each worker knows of ticks, and ticks on their way to it. */
  const views: { current: number; draining: boolean; readonly listeners: (() => void)[]; readonly mail: (() => void)[] }[] = [];
  const states: KeyedStates[] = [];
  for (const fabric of fabrics) {
    const worker = createWorker({ fabric, clock: now });
    const kept = options.states?.[fabric.index] ?? createKeyedStates(partitions);
    const mine = new Map<string, SourceReader>();
    const view = { current: cluster.current, draining: false, listeners: [], mail: [] } as (typeof views)[number];
    views.push(view);
    if (options.states === undefined) {
      for (const [step, rows] of store?.state ?? []) {
        for (const [key, row] of rows) {
          const partition = partitionOf(key, partitions);
          if (assignment[partition] === fabric.index) loadRow(kept, step, partition, key, row);
        }
      }
    }
    const runtime: FlowRuntime = {
      worker,
      now,
      epochs: {
        get current() {
          return view.current;
        },
        get draining() {
          return view.draining;
        },
        get held() {
          return cluster.held;
        },
        perBatch,
        onTick: (listener) => view.listeners.push(listener),
        takesSnapshot(epoch) {
          if (epoch >= view.current) throw new Error(`whether epoch ${epoch} takes a snapshot is not known yet`);
          return snapshots.has(epoch);
        },
        endBatch() {
          cluster.held = cluster.batchEnded = true;
        },
      },
      routing: {
        partitions,
        partitionOf: (key) => partitionOf(key, partitions),
        workerOf: (partition) => assignment[partition]!,
      },
      states: kept,
      recorder: {
        enabled: store !== undefined,
        state(step, epoch, partition, key, value) {
          if (partition !== partitionOf(key, partitions)) throw new Error(`key ${key} is not in partition ${partition}`);
          const row = value && Uint8Array.from(value);
          store!.row(epoch, () => {
            const rows = store!.state.get(step) ?? new Map<string, Uint8Array>();
            store!.state.set(step, rows);
            if (row === undefined) rows.delete(key);
            else rows.set(key, row);
          });
        },
        part: (step, epoch, part, value) => store!.row(epoch, () => store!.parts.set(`${step}/${part}`, structuredClone(value))),
        prepared: (step, epoch, value) => store!.row(epoch, () => store!.prepared.push([step, value])),
        get full() {
          return full;
        },
        onRoom: (listener) => void onRoom.push(listener),
      },
      sources: {
        attach: (step, reader) => mine.set(step, reader),
        partEnded(step, part) {
          open.get(step)!.delete(part);
        },
      },
      sinks: {
        parts: (step) => options.sinkParts?.[step] ?? [],
        resume: (step, part) => store?.parts.get(`${step}/${part}`),
      },
      fail(error) {
        failure ??= error;
      },
    };
    lowered.push(worker.dataflow((scope) => lowerFlow(flow, runtime, scope)));
    workers.push(worker);
    readers.push(mine);
    states.push(kept);
  }

  let next = 0;
  for (const { step, source } of sourcesOf(flow)) {
    const names =
      source.kind === "partitioned" ? [...(await source.listParts())].toSorted() : workers.map(({ index }) => `worker-${index}`);
    open.set(step, new Set(names));
    if (source.kind === "dynamic") continue;
    for (const name of names) readers[next++ % count]!.get(step)!.add(name, store?.parts.get(`${step}/${name}`));
  }

  const notify = (view: (typeof views)[number]): void => {
    for (const listener of view.listeners) listener();
  };
  const tick = (ending: readonly string[]): void => {
    if (store !== undefined && (cluster.current % ticksPerSnapshot === 0 || cluster.draining || ended.size === open.size)) {
      snapshots.add(cluster.current);
    }
    cluster.current++;
    cluster.batchEnded = false;
    const { current, draining } = cluster;
    views.forEach((view, worker) => {
      view.mail.push(() => {
        for (const step of ending) readers[worker]!.get(step)!.end();
        view.current = current;
        view.draining = draining;
        notify(view);
      });
    });
  };
  const frontier = () => Math.min(...lowered.map((one) => one.probe.frontierTime()));
  const commit = (): void => {
    const passed = frontier();
    for (const epoch of snapshots) {
      if (epoch >= passed) continue;
      store!.commit(epoch);
      snapshots.delete(epoch);
    }
  };
  const result = (rounds: number, crashed: boolean): RunResult => {
    return { crashed, drained: cluster.draining, epochs: cluster.current, lowered, states, rounds };
  };

  for (let round = 1; ; round++) {
    let alive = false;
    for (const worker of workers) {
      const { mail } = views[worker.index]!;
      while (mail.length > 0 && random() < 0.3) mail.shift()!();
      if (random() > 0.6) alive = true;
      else if (worker.step() || mail.length > 0) alive = true;
      if (failure !== undefined) {
        for (const one of lowered) one.dispose();
        throw failure;
      }
    }
    options.onRound?.(round);
    if (full) {
      alive = true;
      full = round < options.fullUntil!;
      if (!full) for (const listener of onRoom) listener();
    }
    if (store !== undefined) commit();
    if (!alive) return result(round, false);
    if (round >= crashAfter) {
      for (const one of lowered) one.dispose();
      return result(round, true);
    }
    if (perBatch && cluster.held && !cluster.batchEnded && frontier() >= cluster.current) {
      cluster.held = false;
      views.forEach(notify);
    }
    const ending = [...open].filter(([step, parts]) => parts.size === 0 && !ended.has(step)).map(([step]) => step);
    for (const step of ending) ended.add(step);
    const drains = round >= drainAfter && !cluster.draining;
    cluster.draining ||= drains;
    if (
      ending.length > 0 ||
      drains ||
      (perBatch ? cluster.batchEnded : round % roundsPerTick === 0 && ended.size < open.size && !cluster.draining)
    )
      tick(ending);
    if (!workers.some((worker) => worker.busy()) && views.every((view) => view.mail.length === 0))
      await new Promise((resolve) => setTimeout(resolve, 1));
    else if (round % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** mulberry32 by Tommy Ettinger: numbers in [0, 1). */
export function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** One part per list of items, `batchSize` items per batch; resumes by index. */
export function listSource<T>(lists: readonly (readonly T[])[], batchSize = 3): PartitionedSource<T, number> {
  return {
    kind: "partitioned",
    listParts: () => lists.map((_, index) => `part-${index}`),
    buildPart(part, resume = 0) {
      const list = lists[Number(part.slice(5))]!;
      let at = resume;
      return {
        nextBatch() {
          if (at >= list.length) return null;
          const batch = list.slice(at, at + batchSize);
          at += batch.length;
          return batch;
        },
        snapshot: () => at,
        lag: () => list.length - at,
      };
    },
  };
}

export function arraySink<T>(out: T[]): DynamicSink<T> {
  return { kind: "dynamic", build: () => ({ writeBatch: (items) => void out.push(...items) }) };
}

export { sinksOf };
