/**
 * Drivers of steps with a logic object per key that people write: stateful and statefulBatch.
 *
 * Per chunk: the values of each key are gathered and its logic is called once with all of them, keys in the order of their
 * first value (sorting them would cost more than most logics); then the key is asked when it wants to be woken. `stateful` is
 * called per value instead, and goes on with a fresh logic when one discards itself between two values.
 */
import { WeirError } from "../../errors/index.ts";
import { toArray } from "../iterables.ts";
import type { Outcome, StatefulBatchLogic, StatefulLogic } from "../logic.ts";
import { show } from "../show.ts";
import type { Entry } from "../state/entry.ts";
import { ChunkGroups } from "./chunk-groups.ts";
import type { Core, Driver, DriverOf } from "./driver.ts";

type Emit = (key: string, value: any) => void;
type Logic = StatefulBatchLogic<any, any, any> & StatefulLogic<any, any, any>;

export function itemDriver(build: (resume: any) => StatefulLogic<any, any, any>): DriverOf {
  return (core) => {
    const made = builder(core, build, "onItem");
    const emit = emitter(core);
    return logicDriver(core, made, emit, (entry, values) => {
      for (let i = 0; i < values.length; i++) {
        if (entry.gone) entry = core.state.open(entry.key);
        const logic: Logic = (entry.state ??= made(undefined));
        if (settle(core, entry, logic.onItem(values[i]), emit)) core.state.discard(entry);
      }
      return entry;
    });
  };
}

export function batchDriver(build: (resume: any) => StatefulBatchLogic<any, any, any>): DriverOf {
  return (core) => {
    const made = builder(core, build, "onBatch");
    const emit = emitter(core);
    return logicDriver(core, made, emit, (entry, values) => {
      const logic: Logic = (entry.state ??= made(undefined));
      if (settle(core, entry, logic.onBatch(values), emit)) core.state.discard(entry);
      return entry;
    });
  };
}

function logicDriver(
  core: Core,
  made: (resume: any) => Logic,
  emit: Emit,
  handle: (entry: Entry, values: unknown[]) => Entry,
): Driver {
  const { state } = core;
  const groups = new ChunkGroups(state);
  return {
    batch(keys, values, _port, known) {
      groups.gather(keys, values, known);
      for (let slot = 0; slot < groups.size; slot++) askWake(core, handle(groups.entries[slot]!, groups.valuesAt(slot)));
    },
    notify(entry) {
      if (settle(core, entry, (entry.state as Logic).onNotify?.(), emit)) state.discard(entry);
      else askWake(core, entry);
    },
    eof(entry) {
      if (settle(core, entry, (entry.state as Logic).onEof?.(), emit)) state.discard(entry);
    },
    snapshot: (entry) => (entry.state as Logic).snapshot(),
    revive(entry, resumed) {
      entry.state = made(resumed);
    },
  };
}

/** Emits what a callback gave, and tells whether it discards its key. */
function settle(core: Core, entry: Entry, outcome: Outcome<unknown> | void, emit: Emit): boolean {
  if (outcome === undefined || outcome === null) return false;
  if (typeof outcome !== "object") throw noOutcome(core.step, outcome);
  const { emit: items, discard } = outcome;
  if (items === undefined && discard === undefined && !isEmpty(outcome)) throw noOutcome(core.step, outcome);
  if (items !== undefined) {
    const list = toArray(items, core.step);
    for (let i = 0; i < list.length; i++) emit(entry.key, list[i]);
  }
  if (discard === undefined || discard === false) return false;
  if (discard === true) return true;
  throw badReturn(core.step, "discard: true or false", discard);
}

/** {} and { emit: undefined } say nothing; an array, a promise or a misspelt { emits } was meant to say something. */
function isEmpty(outcome: object): boolean {
  if ("emit" in outcome || "discard" in outcome) return true;
  return Object.keys(outcome).length === 0 && Object.prototype.toString.call(outcome) === "[object Object]";
}

function noOutcome(step: string, value: unknown): WeirError {
  return badReturn(step, "an outcome { emit?, discard? } or nothing from its logic", value);
}

function askWake(core: Core, entry: Entry): void {
  if (entry.gone) return;
  const time = (entry.state as Logic).notifyAt?.();
  if (time !== undefined) setWake(core, entry, time);
}

/** Sets when the key is to be woken; Infinity = no time. */
export function setWake({ step, wakes }: Core, entry: Entry, time: number): void {
  if (typeof time !== "number" || Number.isNaN(time)) throw badReturn(step, "notifyAt() to give milliseconds or undefined", time);
  if (time !== Infinity) wakes.set(entry, time);
}

function builder(core: Core, build: (resume: any) => unknown, method: "onItem" | "onBatch"): (resume: any) => Logic {
  return (resume) => {
    const logic = build(resume) as Partial<Logic> | undefined;
    if (typeof logic?.[method] === "function" && typeof logic.snapshot === "function") return logic as Logic;
    throw badReturn(core.step, `a logic with ${method}() and snapshot()`, logic);
  };
}

function emitter({ outlets }: Core): Emit {
  const outlet = outlets[0]!;
  return (key, value) => outlet.push(key, value);
}

export function badReturn(step: string, wanted: string, value: unknown): WeirError {
  return new WeirError("WEIR_BAD_RETURN", `Step "${step}" needs ${wanted}, and got ${show(value)}`, { step });
}
