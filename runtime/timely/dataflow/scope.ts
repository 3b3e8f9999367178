/**
 * Scopes: where streams of one kind of time live. The root scope of a dataflow has numbers for times; every nested scope adds
 * an inner coordinate.
 */
import { advanceSummary, enterSummary, followedBy, identitySummary, leaveSummary, type PathSummary } from "../progress/index.ts";
import type { DataflowState } from "./dataflow-state.ts";
import { newInput } from "./input-handle.ts";
import { graphError } from "./misuse.ts";
import { concatenate } from "./operators/concat.ts";
import { LoopOrigin, type Origin } from "./origin.ts";
import { Stream } from "./stream.ts";
import type { FeedbackHandle, InputHandle, Scope, Summary, TimelyStream } from "./types.ts";

export class ScopeState<T> implements Scope<T> {
  readonly index: number;
  readonly peers: number;
  readonly dataflow: DataflowState;
  readonly coordinates: number;
  readonly #parent: ScopeState<any> | undefined;

  constructor(dataflow: DataflowState, parent?: ScopeState<any>) {
    this.index = dataflow.host.index;
    this.peers = dataflow.host.peers;
    this.dataflow = dataflow;
    this.coordinates = parent === undefined ? 1 : parent.coordinates + 1;
    this.#parent = parent;
  }

  newInput<D>(): [InputHandle<D, T>, TimelyStream<D, T>] {
    return newInput<D, T>(this);
  }

  feedback<D>(summary: Summary): [FeedbackHandle<D, T>, TimelyStream<D, T>] {
    this.requireBuilding("feedback");
    const origin = new LoopOrigin(advanceSummary(this.#steps(summary)));
    const handle: FeedbackHandle<D, T> = {
      connect: (stream) => {
        this.requireBuilding("feedback");
        this.requireOwn(stream, "feedback");
        const end = stream as Stream<D, T>;
        origin.connect(end.origin, end.path);
      },
    };
    return [handle, this.newStream<D>(origin)];
  }

  iterative<R>(build: (scope: Scope<readonly [T, number]>) => R): R {
    this.requireBuilding("iterative");
    return build(new ScopeState<readonly [T, number]>(this.dataflow, this));
  }

  concatenate<D>(...streams: TimelyStream<D, T>[]): TimelyStream<D, T> {
    return concatenate(this, streams);
  }

  newStream<D>(origin: Origin, path: PathSummary = identitySummary(this.coordinates)): Stream<D, T> {
    return new Stream<D, T>(this, origin, path);
  }

  /** The path into this scope from `outer`, one of those around it. */
  pathFrom(outer: ScopeState<any>): PathSummary {
    if (outer === this) return identitySummary(this.coordinates);
    if (this.#parent === undefined) throw graphError("enter: the scope is not nested in the one that the stream belongs to");
    return followedBy(this.#parent.pathFrom(outer), enterSummary(this.#parent.coordinates));
  }

  /** The path out of this scope to `outer`. */
  pathTo(outer: ScopeState<any>): PathSummary {
    if (outer === this) return identitySummary(this.coordinates);
    if (this.#parent === undefined) throw graphError("leave: the stream's scope is not nested in the one it is to leave to");
    return followedBy(leaveSummary(this.coordinates), this.#parent.pathTo(outer));
  }

  requireBuilding(what: string): void {
    if (!this.dataflow.building) throw graphError(`${what}: the dataflow has been built, nothing can be added to it`);
  }

  requireOwn(stream: TimelyStream<any, any>, what: string): void {
    if (!(stream instanceof Stream)) throw graphError(`${what}: an input is no stream`);
    if (stream.state === this) return;
    if (stream.state.dataflow !== this.dataflow) throw graphError(`${what}: an input is a stream of another dataflow`);
    throw graphError(`${what}: an input is a stream of another scope; let it enter or leave first`);
  }

  /** The steps of a summary, outermost first. */
  #steps(given: Summary): number[] {
    const steps: number[] = [];
    let rest: Summary = given;
    for (let i = this.coordinates; i > 1; i--) {
      if (!Array.isArray(rest) || rest.length !== 2) throw this.#badSummary(given);
      steps.unshift(rest[1] as number);
      rest = rest[0] as Summary;
    }
    steps.unshift(rest as number);
    if (!steps.every((step) => Number.isSafeInteger(step) && step >= 0)) throw this.#badSummary(given);
    if (steps.every((step) => step === 0)) throw graphError(`feedback: summary ${JSON.stringify(given)} does not advance the time`);
    return steps;
  }

  #badSummary(given: Summary) {
    let example = "1";
    for (let i = 1; i < this.coordinates; i++) example = i === 1 ? "[0, 1]" : `[${example.replace("1", "0")}, 1]`;
    return graphError(
      `feedback: ${JSON.stringify(given)} is no summary for this scope, whose times have ${this.coordinates} coordinates; ${example} is one`,
    );
  }
}
