/**
 * One dataflow on one worker: its operators, which of them have something to do, and its progress.
 *
 * A run is: move frontiers by what others have reported → run active operators once each → report what they did, as one
 * batch. The batch is applied here at the moment in which it is sent to the others, so that all workers see the same events (or when
 * it comes back: `progress-path.ts`). It is held back while nothing in it could move a frontier, which keeps steady streams free of
 * progress traffic.
 */
import { BitSet, ChangeBatch, findStuckCycle, formatTime, LocationGraph, minimum, Tracker, type Time } from "../progress/index.ts";
import { invariant } from "../../errors/index.ts";
import type { Host } from "./host.ts";
import type { InputQueue } from "./input-queue.ts";
import { graphError } from "./misuse.ts";
import type { OutputChannels } from "./output-channels.ts";
import { accumulator } from "./progress-path.ts";

/** Entries at which a batch of progress is sent though nobody waits for it, so that it stays small. */
const heldChanges = 1024;

export interface OperatorState {
  readonly index: number;
  readonly name: string;
  readonly inputs: readonly InputQueue[];
  readonly outputs: readonly OutputChannels[];
  readonly notify: boolean;
  readonly initial: boolean;
  run(): void;
}

export class DataflowState {
  readonly id: number;
  readonly host: Host;
  readonly changes = new ChangeBatch();
  readonly graph = new LocationGraph();
  readonly operators: OperatorState[] = [];
  /** Input ports by channel. */
  readonly channels: InputQueue[] = [];
  /** What each location is, for messages. */
  readonly labels: string[] = [];
  /** On the worker's list of dataflows with something to do. */
  enlisted = false;
  ended = false;
  /** Inputs made by the program, for closing those that it left open. */
  readonly inputs: { close(): void }[] = [];
  /** Whether something outside of the step may activate it, a promise for instance. */
  awaited = false;
  #tracker: Tracker | undefined;
  readonly #active = new BitSet();
  /** The operator that a change of a location's frontier activates; -1 = none. */
  readonly #interested: number[] = [];
  readonly #shutdown: (() => void)[] = [];
  /** The time each operator has asked for last and that has not come yet. */
  readonly #wakes: (number | undefined)[] = [];
  readonly #decisive = (location: number, time: Time, difference: number): boolean =>
    // Other workers may be about to take away the rest; the accumulator has been told of all that is.
    this.#tracker!.isDecisive(location, time, this.host.path === "accumulator" ? difference : -Infinity);
  readonly #apply = (location: number, time: Time, difference: number): void => this.#tracker!.update(location, time, difference);

  constructor(id: number, host: Host) {
    this.id = id;
    this.host = host;
  }

  get building(): boolean {
    return this.#tracker === undefined;
  }

  addLocation(coordinates: number, label: string): number {
    const location = this.graph.addLocation(coordinates);
    this.labels[location] = label;
    return location;
  }

  /** Ends building: from here on the graph stands. */
  seal(): void {
    const stuck = findStuckCycle(this.graph);
    if (stuck !== undefined) {
      const places = [...new Set(stuck.map((location) => this.labels[location]).filter((label) => label !== undefined))];
      throw graphError(`a loop does not advance the time of the outermost scope it passes: ${places.join(" → ")}`);
    }
    const tracker = new Tracker(this.graph, (location) => {
      const operator = this.#interested[location]!;
      if (operator >= 0) this.activate(operator);
    });
    for (let location = 0; location < this.graph.coordinates.length; location++) this.#interested.push(-1);
    for (const operator of this.operators) {
      if (operator.notify) for (const input of operator.inputs) this.#interested[input.location] = operator.index;
      if (operator.initial) {
        for (const output of operator.outputs) tracker.update(output.location, minimum(output.coordinates), this.host.peers);
      }
      if (operator.initial || operator.notify) this.activate(operator.index);
    }
    tracker.propagate();
    this.#tracker = tracker;
    this.enlist();
  }

  frontier(location: number): readonly Time[] {
    return this.#tracker === undefined ? [minimum(this.graph.coordinates[location]!)] : this.#tracker.frontier(location);
  }

  frontierTime(location: number): number {
    return this.#tracker === undefined ? 0 : this.#tracker.least(location);
  }

  /** A change of this worker, to be reported. */
  progressed(location: number, time: Time, difference: number): void {
    this.changes.update(location, time, difference);
    if (!this.enlisted) this.enlist();
  }

  activate(operator: number): void {
    this.#active.add(operator);
    if (!this.enlisted) this.enlist();
  }

  /** Activates an operator at `time` of the clock; never at Infinity. Asking again for the same time costs nothing. */
  wakeAt(operator: number, time: number): void {
    invariant(!Number.isNaN(time), `${this.operators[operator]?.name ?? operator} wants to run at NaN`);
    if (this.ended || time === Infinity || this.#wakes[operator] === time) return;
    this.#wakes[operator] = time;
    this.host.schedule(time, this, operator);
  }

  /** The clock has reached a time that the operator asked for. */
  wake(operator: number): void {
    this.#wakes[operator] = undefined;
    if (!this.ended) this.activate(operator);
  }

  enlist(): void {
    // While it is being built there is nothing to run yet; `seal` enlists it.
    if (this.enlisted || this.ended || this.building) return;
    this.enlisted = true;
    this.host.enlist(this);
  }

  onShutdown(body: () => void): void {
    this.#shutdown.push(body);
  }

  /** Pointstamps that other workers have reported. The accumulator reports them again, with its own. */
  receive(changes: readonly (number | Time)[]): void {
    const into = this.host.path === "accumulator" ? this.changes : this.#tracker!;
    for (let i = 0; i < changes.length; i += 3) into.update(changes[i] as number, changes[i + 1] as Time, changes[i + 2] as number);
    this.enlist();
  }

  deliver(channel: number, time: Time, records: readonly unknown[], sender: number, owed: number): void {
    const input = this.channels[channel];
    invariant(input !== undefined, `dataflow ${this.id} has no channel ${channel}; do all workers build the same dataflows?`);
    input.deliver(time, records, sender, owed);
  }

  /** Runs active operators, upstream first or downstream first. What is activated behind the one that runs waits for the next run. */
  run(downstreamFirst: boolean): void {
    const tracker = this.#tracker!;
    const active = this.#active;
    tracker.propagate();
    // An operator may end the dataflow that it is in.
    if (downstreamFirst) {
      for (let at = active.previous(this.operators.length - 1); at >= 0 && !this.ended; at = active.previous(at - 1))
        this.#runOperator(at);
    } else {
      for (let at = active.next(0); at >= 0 && !this.ended; at = active.next(at + 1)) this.#runOperator(at);
    }
    this.enlisted = false;
    if (this.ended) return;
    this.#report(tracker);
    if (tracker.live === 0 && this.changes.isEmpty) this.end();
    else if (active.size > 0) this.enlist();
  }

  #runOperator(index: number): void {
    this.#active.delete(index);
    this.operators[index]!.run();
  }

  #report(tracker: Tracker): void {
    const { changes } = this;
    changes.compact();
    if (changes.isEmpty || (changes.size < heldChanges && !changes.someNegative(this.#decisive))) return;
    const { fabric, index, path, peers } = this.host;
    if (peers > 1) {
      const flat: (number | Time)[] = [];
      changes.forEach((location, time, difference) => flat.push(location, time, difference));
      const message = { kind: "progress", dataflow: this.id, changes: flat } as const;
      if (path === "to the accumulator") {
        fabric.send(accumulator, message);
        changes.clear();
        return;
      }
      if (peers === 2) fabric.send(1 - index, message);
      else fabric.broadcast(message);
    }
    changes.forEach(this.#apply);
    changes.clear();
    tracker.propagate();
  }

  /** Complete, or disposed of: nothing runs any more, and what waits is thrown away. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    for (const input of this.channels) input.discard();
    for (const body of this.#shutdown.splice(0)) body();
  }

  /** What keeps it from completing, for messages. */
  describeOutstanding(): string[] {
    const held = this.#tracker!.pointstamps().filter(({ count }) => count > 0);
    held.sort((a, b) => formatTime(a.time).localeCompare(formatTime(b.time), "en", { numeric: true }));
    return held.map(
      ({ location, time }) => `time ${formatTime(time)} at ${this.labels[location] ?? "a stream"} of dataflow ${this.id}`,
    );
  }
}
