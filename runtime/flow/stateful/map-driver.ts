/**
 * Drivers of statefulMap and statefulFlatMap: the fast ones. One entry per key holds the user's state; a batch is looked up as a
 * whole, and then a record costs the user's call and a push. The loop is generated per step, so that V8 inlines the user's mapper.
 */
import { generated } from "../generated.ts";
import { toArray } from "../iterables.ts";
import type { Entry } from "../state/entry.ts";
import type { StepState } from "../state/step-state.ts";
import type { Call } from "../graph/node.ts";
import type { Driver, DriverOf } from "./driver.ts";
import { badReturn } from "./logic-driver.ts";

type Loop = (keys: string[], values: unknown[], found: readonly (Entry | undefined)[]) => void;

/** `perRecord` takes `key` and `output`; `done` runs after the loop. */
function loopOver(bindings: Record<string, unknown>, prelude: string, perRecord: string, done: string): Driver["batch"] {
  const state = bindings.state as StepState;
  const loop = generated<Loop>(
    bindings,
    `return function loop(keys, values, found) {
  const generation = state.generation;
  ${prelude}
  for (let i = 0; i < values.length; i++) {
    const key = keys[i];
    let entry = found[i];
    if (entry === undefined || entry.gone) entry = state.open(key);
    else if (entry.mark !== generation) state.touch(entry);
    const result = mapper(entry.state, values[i]);
    if (!Array.isArray(result) || result.length !== 2) bad(result);
    const next = result[0], output = result[1];
    if (next === undefined) state.discard(entry);
    else entry.state = next;
    ${perRecord}
  }
  ${done}
};`,
  );
  return (keys, values, _port, known) => loop(keys, values, state.resolve(keys, known));
}

const form = {
  snapshot: (entry: Entry): unknown => entry.state,
  revive(entry: Entry, state: unknown): void {
    entry.state = state;
  },
};

export function statefulMapDriver(mapper: Call): DriverOf {
  return ({ step, state, outlets }) => {
    const bad = (result: unknown) => {
      throw badReturn(step, "a pair [state, output]", result);
    };
    // One output per record: the keys go on as they came.
    const bindings = { state, mapper, bad, outlet: outlets[0]! };
    const prelude = "const outputs = new Array(values.length);";
    return { ...form, batch: loopOver(bindings, prelude, "outputs[i] = output;", "outlet.columns(keys, outputs);") };
  };
}

export function statefulFlatMapDriver(mapper: Call): DriverOf {
  return ({ step, state, outlets }) => {
    const bad = (result: unknown) => {
      throw badReturn(step, "a pair [state, outputs]", result);
    };
    const list = (value: unknown) => toArray(value, step);
    const bindings = { state, mapper, bad, list, outlet: outlets[0]! };
    const perRecord = "const items = list(output); for (let j = 0; j < items.length; j++) outlet.push(key, items[j]);";
    return { ...form, batch: loopOver(bindings, "", perRecord, "") };
  };
}
