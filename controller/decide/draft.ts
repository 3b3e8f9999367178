/** A decision in the making. The rules write to it in turn; nothing outside `decide` ever sees it. */
import type { AutoscaleMemory } from "../autoscale/index.ts";
import type { Phase, ResolvedSpec } from "../api/index.ts";
import type { Meter } from "./meter.ts";
import type { DataflowRecord, Operation } from "./record.ts";
import type { Action, DecidedEvent, State } from "./state.ts";

export interface Finding {
  readonly reason: string;
  readonly message: string;
}

export interface Draft {
  record: DataflowRecord;
  readonly actions: Action[];
  readonly events: DecidedEvent[];
  autoscale: AutoscaleMemory;
  meter: Meter;
  requeueAfter: number;
  phase: Phase | undefined;
  /** What is under way, or undefined when nothing is. */
  progressing: Finding | undefined;
  /** What is wrong, the weightiest first. */
  readonly degraded: Finding[];
  /** Why the flow is not ready although nothing is wrong. */
  waiting: Finding | undefined;
  lastRescale: { from: number; to: number; time: string; reason: string; stallMilliseconds?: number } | undefined;
}

export interface Context {
  readonly state: State;
  /** The resource's spec, with defaults. */
  readonly spec: ResolvedSpec;
  readonly draft: Draft;
}

export function newDraft(state: State): Draft {
  return {
    record: state.record,
    actions: [],
    events: [],
    autoscale: state.autoscale,
    meter: state.meter,
    requeueAfter: state.settings.pollInterval,
    phase: undefined,
    progressing: undefined,
    degraded: [],
    waiting: undefined,
    lastRescale: undefined,
  };
}

/** Changes the record, and with it what is remembered if the controller dies now. */
export function remember(draft: Draft, change: Partial<DataflowRecord>): void {
  draft.record = { ...draft.record, ...change };
}

export function begin(draft: Draft, operation: Pick<Operation, "kind" | "reason"> & Partial<Operation>, now: number): void {
  remember(draft, { operation: { startedAt: now, attempts: 0, ...operation } });
}

export function soon({ state, draft }: Context): void {
  draft.requeueAfter = Math.min(draft.requeueAfter, state.settings.progressInterval);
}

export function note(draft: Draft, type: DecidedEvent["type"], reason: string, message: string): void {
  draft.events.push({ type, reason, message });
}
