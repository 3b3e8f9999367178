/**
 * The worker: dataflows, what the fabric brings them, and a clock. `step` is one round; it waits for nothing and holds no timer or
 * promise, so that a worker given the same deliveries and clock does the same again.
 *
 * A step is: take what the fabric delivered → activate what timers are due → run the dataflows that have something to do
 * (move frontiers, run operators, report progress) → flush the fabric.
 */
import FlatQueue from "flatqueue";
import { WeirError } from "../errors/index.ts";
import type { Fabric, Message } from "./communication/fabric.ts";
import { DataflowState, progressPath, ScopeState, type Host, type Scope, type Worker } from "./dataflow/index.ts";

export interface WorkerOptions {
  readonly fabric: Fabric;
  /** In milliseconds; of `activateAt`. */
  readonly clock: () => number;
  /** Records that may wait in front of this worker's operators before it counts as congested. Default 65,536. */
  readonly queueLimit?: number;
  /** Workers from which progress goes through one of them (`dataflow/progress-path.ts`). The same on all. */
  readonly manyWorkers?: number | undefined;
}

export interface EngineWorker extends Worker {
  /** As `dataflow`, with a handle to end it before its time. */
  launch<R>(build: (scope: Scope<number>) => R): RunningDataflow<R>;
  /** Whether a step now would do something. What arrives later is told by `onActivity`. */
  busy(): boolean;
  /** As `busy`, but first waits a few microseconds for what another thread is about to send. For who would park next. */
  linger(): boolean;
  /** Records that wait in front of this worker's operators. */
  queuedRecords(): number;
  /** Whether sources should wait: too much was sent and not consumed elsewhere, or waits here. */
  congested(): boolean;
  /** `wake` is called, outside of a step, when there is something to do again: messages, inputs, promises that activate operators. */
  onActivity(wake: () => void): void;
  /** When the next operator wants to run, in milliseconds of the clock. */
  nextTimer(): number | undefined;
  readonly clock: () => number;
  /** Closes the inputs that programs have left open. */
  closeInputs(): void;
  /** Whether a promise or another part of the program may still activate an operator. */
  awaitsOutside(): boolean;
  /** What keeps dataflows from completing, for messages. */
  outstanding(): string[];
}

export interface RunningDataflow<R> {
  readonly id: number;
  readonly result: R;
  done(): boolean;
  /** Ends it here and now: nothing of it runs, is sent or taken any more. The other workers have to do the same. */
  dispose(): void;
}

interface Timer {
  readonly dataflow: DataflowState;
  readonly operator: number;
}
interface Delivery {
  readonly message: Message;
  readonly from: number;
  readonly weight: number;
}

export function createWorker(options: WorkerOptions): EngineWorker {
  const { fabric, clock, queueLimit = 65_536, manyWorkers } = options;
  const { index, peers } = fabric;
  const dataflows = new Map<number, DataflowState>();
  /** For dataflows that other workers have built and this one has not. */
  const early = new Map<number, Delivery[]>();
  /** By time, in milliseconds of the clock. */
  const timers = new FlatQueue<Timer>();
  const wakes: (() => void)[] = [];
  let enlisted: DataflowState[] = [];
  let running: DataflowState[] = [];
  let built = 0;
  let stepping = false;
  let arrived = false;
  let signalled = false;

  const signal = (): void => {
    if (stepping || signalled) return;
    signalled = true;
    for (const wake of wakes) wake();
  };
  fabric.onArrival(() => {
    arrived = true;
    signal();
  });

  const host: Host = {
    index,
    peers,
    fabric,
    path: progressPath(index, peers, manyWorkers),
    queued: 0,
    enlist(dataflow) {
      enlisted.push(dataflow);
      signal();
    },
    schedule(time, dataflow, operator) {
      timers.push({ dataflow, operator }, time);
      signal();
    },
  };

  const deliver = (message: Message, from: number, weight: number): void => {
    const dataflow = dataflows.get(message.dataflow);
    if (dataflow === undefined) {
      if (message.dataflow < built) {
        if (weight > 0) fabric.consumed(from, weight);
        return;
      }
      const waiting = early.get(message.dataflow);
      if (waiting === undefined) early.set(message.dataflow, [{ message, from, weight }]);
      else waiting.push({ message, from, weight });
    } else if (message.kind === "data") dataflow.deliver(message.channel, message.time, message.records, from, weight);
    // What this worker has broadcast was applied when it was sent.
    else if (from !== index) dataflow.receive(message.changes);
  };

  const retire = (dataflow: DataflowState): void => {
    dataflow.end();
    dataflows.delete(dataflow.id);
    if (dataflows.size === 0) timers.clear();
  };

  const launch = <R>(build: (scope: Scope<number>) => R): RunningDataflow<R> => {
    if (stepping) throw new WeirError("WEIR_TIMELY_GRAPH", "a dataflow can not be built by an operator while it runs");
    const dataflow = new DataflowState(built, host);
    let result: R;
    try {
      result = build(new ScopeState<number>(dataflow));
      dataflow.seal();
    } catch (error) {
      dataflow.end();
      throw error;
    }
    built++;
    dataflows.set(dataflow.id, dataflow);
    for (const { message, from, weight } of early.get(dataflow.id) ?? []) deliver(message, from, weight);
    early.delete(dataflow.id);
    return {
      id: dataflow.id,
      result,
      done: () => dataflow.ended,
      dispose: () => retire(dataflow),
    };
  };

  const step = (): boolean => {
    if (stepping) throw new WeirError("WEIR_TIMELY_GRAPH", "step was called by an operator while it runs");
    stepping = true;
    signalled = false;
    arrived = false;
    try {
      fabric.receive(deliver);
      if (timers.length > 0) {
        const now = clock();
        while (timers.length > 0 && timers.peekValue()! <= now) {
          const { dataflow, operator } = timers.pop()!;
          dataflow.wake(operator);
        }
      }
      const downstreamFirst = host.queued > queueLimit;
      const round = enlisted;
      enlisted = running;
      running = round;
      for (let i = 0; i < round.length; i++) {
        const dataflow = round[i]!;
        if (dataflow.ended) continue;
        dataflow.run(downstreamFirst);
        if (dataflow.ended) retire(dataflow);
      }
      // Setting its length takes V8 ten times as long.
      while (round.length > 0) round.pop();
      fabric.flush();
    } catch (error) {
      // What an operator left half done can not go on.
      for (const dataflow of dataflows.values()) retire(dataflow);
      throw error;
    } finally {
      stepping = false;
    }
    return dataflows.size > 0;
  };

  return {
    index,
    peers,
    clock,
    dataflow: (build) => launch(build).result,
    launch,
    step,
    async stepWhile(condition) {
      while (condition()) {
        step();
        await undefined;
      }
    },
    busy: () => arrived || enlisted.length > 0,
    linger: () => arrived || enlisted.length > 0 || fabric.linger?.() === true,
    queuedRecords: () => host.queued,
    congested: () => host.queued > queueLimit || fabric.congested(),
    onActivity(wake) {
      wakes.push(wake);
      if (arrived || enlisted.length > 0) wake();
    },
    nextTimer: () => timers.peekValue(),
    closeInputs() {
      for (const dataflow of dataflows.values()) for (const input of dataflow.inputs) input.close();
    },
    awaitsOutside: () => [...dataflows.values()].some((dataflow) => dataflow.awaited),
    outstanding() {
      return [...dataflows.values()].flatMap((dataflow) => dataflow.describeOutstanding());
    },
  };
}
