/**
 * One worker of one execution: a timely worker with the flow lowered onto it, moved by messages and by `step`. It reports
 * what the process must know: rows for the snapshot, closed snapshot epochs, the frontier, epochs in which records move, ended parts,
 * the first failure.
 *
 * Invariant: `closed` for a snapshot epoch is posted after all rows of that epoch, when the probe over everything that
 * records or writes has passed it; the probe's frontier is global, so all workers' operators have finished the epoch by then.
 */
import { asWeirError, type WeirError } from "../errors/index.ts";
import type { Dataflow, FlowRuntime, SourceReader } from "../flow/index.ts";
import { partitionOf } from "../flow/hash.ts";
import { lowerFlow } from "../flow/lower.ts";
import type { FlowMetrics } from "../flow/metrics.ts";
import { createKeyedStates, type KeyedStates } from "../flow/state/keyed-states.ts";
import { forEachStateRow } from "../recovery/index.ts";
import type { Fabric } from "../timely/communication/fabric.ts";
import { decodeValue } from "../timely/communication/codec/index.ts";
import { createWorker } from "../timely/index.ts";
import { createEpochClock } from "./epoch-clock.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { createRowRecorder } from "./row-recorder.ts";

export interface FlowWorkerOptions {
  readonly flow: Dataflow;
  readonly fabric: Fabric;
  /** Keyed state of this worker; the owner keeps the slot for the next execution when one follows at once. */
  readonly slot: StateSlot;
  /** The system clock of the run, in milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** It may stand still or jump, and wakes nobody: what waits for it is asked again by the machine's timers. */
  readonly standing?: boolean;
  /** As of the engine's worker: how many are many. The same on all workers of an execution. */
  readonly manyWorkers?: number | undefined;
  readonly post: (message: FromWorker) => void;
  /** Called, outside of a step, when the worker has something to do. */
  readonly wake: () => void;
}

/** Where a worker's keyed state stays between two executions, with the partition table under which it was made. */
export interface StateSlot {
  states?: KeyedStates;
  assignment?: readonly number[];
}

export interface FlowWorker {
  readonly index: number;
  handle(message: ToWorker): void;
  /** True while there is more to do now. */
  step(): boolean;
  /** Waits a few microseconds for what another thread is about to send; true when it is there. For who would park next. */
  linger(): boolean;
  /** In milliseconds of `now`. */
  nextTimer(): number | undefined;
  readers(): ReadonlyMap<string, SourceReader>;
  metrics(): FlowMetrics | undefined;
  /** What is under way to other workers, in bytes (records within one thread), and records that wait in this worker's channels. */
  queuedBytes(): number;
  /** What keeps the flow from going on, for whoever looks for a standstill. */
  outstanding(): readonly string[];
}

export function createFlowWorker(options: FlowWorkerOptions): FlowWorker {
  const { flow, fabric, slot, post } = options;
  const { index } = fabric;
  const readers = new Map<string, SourceReader>();
  let assignment: readonly number[] = [];
  const accepts: boolean[] = [];
  let failed = false;
  let running: Running | undefined;

  const fail = (error: WeirError): void => {
    if (failed) return;
    failed = true;
    post({ kind: "failed", error });
  };
  fabric.onFailure((error) => fail(asWeirError(error, "WEIR_PEER_LOST", "the mesh failed")));
  fabric.onArrival(options.wake);

  const prepare = (message: ToWorker & { kind: "prepare" }): void => {
    assignment = message.assignment;
    const before = message.keep ? slot.assignment : undefined;
    if (before === undefined || slot.states === undefined) slot.states = createKeyedStates(assignment.length);
    for (const [partition, owner] of assignment.entries()) {
      if (owner === index) slot.states.addPartition(partition);
      else slot.states.dropPartition(partition);
      accepts[partition] = owner === index && before?.[partition] !== index;
    }
    slot.assignment = assignment;
  };

  const begin = (message: ToWorker & { kind: "begin" }): Running => {
    const epochs = createEpochClock({
      startEpoch: message.startEpoch,
      perBatch: message.perBatch,
      onEndBatch: (epoch) => post({ kind: "endBatch", epoch }),
    });
    const recorder = createRowRecorder(message.snapshots, (batch) => post({ kind: "rows", batch }));
    const worker = createWorker({ fabric, clock: options.now, manyWorkers: options.manyWorkers });
    worker.onActivity(options.wake);
    const sinkParts = new Map(Object.entries(message.sinks).map(([step, parts]) => [step, new Map(parts)]));
    const partitions = assignment.length;
    const runtime: FlowRuntime = {
      run: { flow: flow.id, execution: message.execution },
      worker,
      now: options.now,
      ownClock: options.standing === true,
      epochs,
      routing: { partitions, partitionOf: (key) => partitionOf(key, partitions), workerOf: (partition) => assignment[partition]! },
      states: slot.states!,
      recorder,
      sources: {
        attach(step, reader) {
          readers.set(step, reader);
          for (const [part, position, appeared] of message.sources[step] ?? []) {
            reader.add(part, position && decodeValue(position), appeared);
          }
        },
        partEnded: (step, part) => post({ kind: "partEnded", step, part }),
      },
      sinks: {
        parts: (step) => [...(sinkParts.get(step)?.keys() ?? [])],
        resume(step, part) {
          const position = sinkParts.get(step)?.get(part);
          return position && decodeValue(position);
        },
      },
      fail,
    };
    const dataflow = worker.launch((scope) => lowerFlow(flow, runtime, scope));
    const state = { worker, epochs, recorder, dataflow, lowered: dataflow.result };
    return { ...state, frontier: message.startEpoch, moved: 0, activeIn: message.perBatch ? Infinity : -Infinity, done: false };
  };

  /** Says, once for an epoch, that records move in it. */
  const tellActivity = (state: Running): void => {
    let moved = 0;
    for (const step of state.lowered.metrics.steps) moved += step.recordsIn + step.recordsOut;
    if (moved === state.moved) return;
    state.moved = moved;
    state.activeIn = state.epochs.current;
    post({ kind: "active", epoch: state.activeIn });
  };

  const report = (state: Running): void => {
    const frontier = state.lowered.probe.frontierTime();
    if (frontier <= state.frontier) return;
    state.frontier = frontier;
    const { pendingSnapshots } = state.epochs;
    while (pendingSnapshots.length > 0 && pendingSnapshots[0]! < frontier) {
      state.recorder.flush();
      post({ kind: "closed", epoch: pendingSnapshots.shift()!, prepared: state.recorder.takePrepared() });
    }
    if (frontier === Infinity) {
      state.done = true;
      post({ kind: "done" });
    } else post({ kind: "frontier", epoch: frontier });
  };

  return {
    index,
    handle(message) {
      if (failed && message.kind !== "stop") return;
      switch (message.kind) {
        case "prepare":
          return prepare(message);
        case "rows":
          forEachStateRow(message.batch, (step, partition, bytes, keyStart, keyEnd, valueStart, valueEnd) => {
            if (accepts[partition]) slot.states!.load(step, partition, bytes, keyStart, keyEnd, valueStart, valueEnd);
          });
          return;
        case "begin":
          try {
            running = begin(message);
          } catch (error) {
            fail(asWeirError(error, "WEIR_STEP_FAILED", "the flow could not be built"));
          }
          return options.wake();
        case "tick":
          if (running === undefined) return;
          for (const step of message.tick.ended) readers.get(step)?.end();
          running.epochs.tick(message.tick);
          return options.wake();
        case "release":
          running?.epochs.release(message.epoch);
          return options.wake();
        case "full":
          running?.recorder.setFull(message.full);
          return options.wake();
        case "committed":
          for (const reader of readers.values()) reader.committed?.(message.epoch);
          return;
        case "assign":
          readers
            .get(message.step)
            ?.add(message.part, message.position && decodeValue(message.position), message.position === undefined);
          return options.wake();
        case "stop":
          failed = true;
          running?.lowered.dispose();
          running?.dataflow.dispose();
          running = undefined;
          readers.clear();
          fabric.close();
      }
    },
    step() {
      if (failed || running === undefined) return false;
      const state = running;
      let active = false;
      try {
        state.worker.step();
        active = state.worker.busy();
        if (failed) return false;
        if (state.activeIn < state.epochs.current) tellActivity(state);
        report(state);
      } catch (error) {
        fail(asWeirError(error, "WEIR_STEP_FAILED", "the worker failed"));
      }
      return active && !failed;
    },
    linger: () => !failed && running?.worker.linger() === true,
    nextTimer: () => (failed ? undefined : running?.worker.nextTimer()),
    readers: () => readers,
    outstanding: () => running?.worker.outstanding() ?? [],
    metrics: () => running?.lowered.metrics,
    queuedBytes: () => (running === undefined ? 0 : running.worker.queuedRecords() + fabric.outstanding()),
  };
}

interface Running {
  readonly worker: ReturnType<typeof createWorker>;
  readonly epochs: ReturnType<typeof createEpochClock>;
  readonly recorder: ReturnType<typeof createRowRecorder>;
  readonly dataflow: { dispose(): void };
  readonly lowered: ReturnType<typeof lowerFlow>;
  frontier: number;
  /** Records that the steps had counted when activity was told last, and the epoch of which it was. */
  moved: number;
  activeIn: number;
  done: boolean;
}
