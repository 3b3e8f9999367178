/**
 * One process's part in one execution: loads the state of its partitions, starts its workers, passes the coordinator's
 * messages on to them, and seals a snapshot once all its workers have closed the epoch.
 *
 * Invariant: a snapshot is sealed only with every row of every worker of this process up to its epoch; rows reach the writer
 * before the `closed` message that completes them because both travel in one order.
 */
import { asWeirError, invariant, WeirError } from "../errors/index.ts";
import type { RowBatch } from "../recovery/types.ts";
import { type CompactionResult, forEachRow, type SnapshotWriter } from "../recovery/index.ts";
import {
  type Assign,
  type Begin,
  type Committed,
  type Compact,
  type FromWorker,
  type Position,
  type Prepare,
  type Tick,
  toWireError,
  type ToCoordinator,
} from "./messages.ts";
import type { WorkerHandle, WorkerPool } from "./network.ts";
import type { SnapshotFiles } from "./snapshot-files.ts";

/** What is true of a process's memory at the snapshot that ended an execution. */
export interface Kept {
  readonly assignment: readonly number[];
  readonly positions: Positions;
}

export interface ParticipantOptions {
  readonly process: number;
  readonly prepare: Prepare;
  /** Of the execution before, when its state is still in memory. */
  readonly kept: Kept | undefined;
  readonly pool: WorkerPool;
  readonly files: SnapshotFiles | undefined;
  readonly writer: SnapshotWriter | undefined;
  readonly perBatch: boolean;
  readonly report: (message: ToCoordinator) => void;
  /** Where this process's own workers see the frontier, for the coordinator beside us. */
  readonly onFrontier?: (epoch: number) => void;
}

export interface Participant {
  readonly execution: number;
  load(): Promise<void>;
  begin(message: Begin): void;
  tick(message: Tick): void;
  release(epoch: number): void;
  assign(message: Assign): void;
  compact(message: Compact): void;
  committed(message: Committed): void;
  /** Of all parts, at the last commit. */
  readonly positions: Positions;
  stop(keep: boolean): void;
}

/** By step and part, encoded. */
export type Positions = Map<string, Map<string, Uint8Array>>;
type Prepared = readonly [step: string, value: unknown, epoch: number];

export function createParticipant(options: ParticipantOptions): Participant {
  const { prepare, pool, files, writer, report } = options;
  const { execution, topology, assignment } = prepare;
  const workers = pool.enter(execution, topology);
  const positions: Positions = prepare.keep && options.kept !== undefined ? options.kept.positions : new Map();
  /** Recorded, and in no sealed snapshot yet. */
  let moved: (readonly [position: Position, epoch: number])[] = [];
  const closedBy = new Map<number, number>();
  const frontiers = new Map<number, number>();
  let prepared: Prepared[] = [];
  let done = 0;
  let stopped = false;
  const ended = new AbortController();

  const fail = (error: WeirError): void => {
    if (!stopped) report({ kind: "failed", execution, error: toWireError(error) });
  };

  const seal = async (epoch: number): Promise<void> => {
    const mine = prepared.filter(([, , at]) => at <= epoch);
    prepared = prepared.filter(([, , at]) => at > epoch);
    const covered = moved.filter(([, at]) => at <= epoch).map(([position]) => position);
    moved = moved.filter(([, at]) => at > epoch);
    try {
      const sealed = await writer?.seal(epoch);
      if (stopped) return;
      report({
        kind: "sealed",
        execution,
        epoch,
        files: sealed?.files ?? [],
        steps: sealed?.steps ?? [],
        prepared: mine.map(([step, value]) => [step, value] as const),
        positions: covered,
      });
    } catch (error) {
      fail(asWeirError(error, "WEIR_STORE_FAILED", `the snapshot of epoch ${epoch} could not be written`));
    }
  };

  const fromWorker = (worker: WorkerHandle, message: FromWorker): void => {
    if (stopped) return;
    switch (message.kind) {
      case "rows":
        if (writer === undefined) return;
        forEachRow(message.batch, {
          part: (step, part, value, epoch) => void moved.push([[step, part, Uint8Array.from(value)], epoch]),
        });
        writer.add(message.batch);
        if (!full && writer.congested()) tellFull(true);
        return;
      case "closed": {
        prepared.push(...message.prepared);
        const count = (closedBy.get(message.epoch) ?? 0) + 1;
        closedBy.set(message.epoch, count);
        if (count < workers.length) return;
        closedBy.delete(message.epoch);
        void seal(message.epoch);
        return;
      }
      case "frontier": {
        frontiers.set(worker.index, message.epoch);
        if (frontiers.size === workers.length) options.onFrontier?.(Math.min(...frontiers.values()));
        return;
      }
      case "partEnded":
        report({ kind: "partEnded", execution, step: message.step, part: message.part });
        return;
      case "active":
      case "endBatch":
        report({ kind: message.kind, execution, epoch: message.epoch });
        return;
      case "done":
        done++;
        if (done === workers.length) report({ kind: "done", execution });
        return;
      case "failed":
        fail(message.error);
    }
  };
  let full = false;
  const tellFull = (now: boolean): void => {
    full = now;
    for (const worker of workers) worker.post({ kind: "full", full });
  };
  writer?.onRelief(() => {
    if (full && !stopped) tellFull(false);
  });
  for (const worker of workers) worker.onMessage((message) => fromWorker(worker, message));

  const positionsOf = (step: string): ReadonlyMap<string, Uint8Array> => positions.get(step) ?? new Map<string, Uint8Array>();

  return {
    execution,
    async load() {
      const mine = new Set(workers.map((worker) => worker.index));
      const before = prepare.keep ? options.kept?.assignment : undefined;
      for (const worker of workers) {
        worker.post({ kind: "prepare", execution, topology, assignment, keep: before !== undefined });
      }
      if (prepare.snapshot !== undefined) {
        invariant(files !== undefined, "a snapshot to load, but no store");
        const gained = [...assignment.keys()].filter((partition) => {
          const owner = assignment[partition]!;
          return mine.has(owner) && before?.[partition] !== owner;
        });
        const parts = before === undefined;
        // Who gains nothing has nothing to wait for.
        for await (const batch of gained.length === 0 && !parts ? [] : files.load(prepare.snapshot, gained, parts)) {
          if (stopped) return;
          if (parts) takePositions(batch, positions);
          for (const worker of workers) worker.post({ kind: "rows", batch });
        }
      }
      report({ kind: "loaded", execution });
    },
    begin(message) {
      for (const worker of workers) {
        const sources: Record<string, [string, Uint8Array | undefined, boolean][]> = {};
        for (const [step, parts] of Object.entries(message.sources)) {
          const known = positionsOf(step);
          const mine = parts.filter(([, owner]) => owner === worker.index);
          // A snapshot has the positions of all parts that were there when it was taken.
          sources[step] = mine.map(([part]) => [part, known.get(part), known.size > 0 && !known.has(part)]);
        }
        const sinks: Record<string, [string, Uint8Array | undefined][]> = {};
        for (const [step, parts] of Object.entries(message.sinks)) {
          const known = positionsOf(step);
          sinks[step] = parts.map((part) => [part, known.get(part)]);
        }
        worker.post({
          kind: "begin",
          execution,
          startEpoch: message.startEpoch,
          snapshots: writer !== undefined,
          perBatch: options.perBatch,
          sources,
          sinks,
        });
      }
    },
    tick(tick) {
      for (const worker of workers) worker.post({ kind: "tick", tick });
    },
    release(epoch) {
      for (const worker of workers) worker.post({ kind: "release", epoch });
    },
    assign(message) {
      const worker = workers.find(({ index }) => index === message.worker);
      worker?.post({
        kind: "assign",
        step: message.step,
        part: message.part,
        position: positionsOf(message.step).get(message.part),
      });
    },
    compact(message) {
      const mine = new Set(workers.map((worker) => worker.index));
      const partitions = [...assignment.keys()].filter((partition) => mine.has(assignment[partition]!));
      const answer = (result: CompactionResult | undefined): void => {
        if (!stopped) report({ kind: "compacted", execution, result });
      };
      // A wave is only an economy: when it fails, the deltas stay and the next commit plans another.
      files?.compact(message.plan, partitions, assignment.length, ended.signal).then(answer, () => answer(undefined));
    },
    committed(message) {
      for (const [step, part, value] of message.positions ?? []) setPosition(positions, step, part, value);
      for (const worker of workers) worker.post({ kind: "committed", epoch: message.epoch });
    },
    positions,
    stop(keep) {
      if (stopped) return;
      stopped = true;
      ended.abort();
      for (const worker of workers) worker.post({ kind: "stop" });
      pool.leave(execution, keep);
    },
  };
}

/** Rows of parts are few and every process keeps all of them: who reads a part is decided later. */
function takePositions(batch: RowBatch, positions: Positions): void {
  forEachRow(batch, {
    part: (step, part, value) => setPosition(positions, step, part, Uint8Array.from(value)),
  });
}
function setPosition(positions: Positions, step: string, part: string, value: Uint8Array): void {
  const parts = positions.get(step);
  if (parts === undefined) positions.set(step, new Map([[part, value]]));
  else parts.set(part, value);
}
