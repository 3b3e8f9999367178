/**
 * Drivers of statefulMap and statefulFlatMap: the fast ones. One entry per key holds the user's state, or says which of the step's
 * numbers it is (state/numbers.ts). A batch is looked up as a whole, and then a record costs the user's call and a push. The loop is
 * generated per step, so that V8 inlines the user's mapper.
 */
import { generated } from "../generated.ts";
import { toArray } from "../iterables.ts";
import type { Entry } from "../state/entry.ts";
import type { StepState } from "../state/step-state.ts";
import type { Call } from "../graph/node.ts";
import type { Driver, DriverOf } from "./driver.ts";
import { badReturn } from "./logic-driver.ts";

type Loop = (keys: string[], values: unknown[], found: readonly (Entry | undefined)[]) => void;

/**
 * `perRecord` takes `i` and `output`; `done` runs after the loop. The user's function has two places to be called from, so that V8 sees a
 * number of the column and what comes of it as such, and makes no object for them.
 */
function loopOver(bindings: Record<string, unknown>, prelude: string, perRecord: string, done: string): Driver["batch"] {
  const state = bindings.state as StepState;
  const call = (before: string, keep: string) => `const result = mapper(${before}, values[i]);
      if (!Array.isArray(result) || result.length !== 2) bad(result);
      const next = result[0], output = result[1];
      ${keep}
      ${perRecord}`;
  const loop = generated<Loop>(
    { ...bindings, numbers: state.numbers },
    `return function loop(keys, values, found) {
  let column = numbers.column;
  ${prelude}
  for (let i = 0; i < values.length; i++) {
    let entry = found[i];
    if (entry === undefined || entry.gone) entry = state.open(keys[i]);
    const place = entry.slot;
    if (place === 0) {
      ${call(
        "entry.state",
        `if (typeof next === "number" && (next | 0) !== next) { numbers.take(entry, next); column = numbers.column; }
      else if (next === undefined) state.discard(entry);
      else entry.state = next;`,
      )}
    } else {
      ${call(
        "column[place]",
        `if (typeof next === "number") column[place] = next;
      else {
        numbers.release(entry);
        if (next === undefined) state.discard(entry);
        else entry.state = next;
      }`,
      )}
    }
  }
  ${done}
};`,
  );
  return (keys, values, _port, known) => loop(keys, values, state.resolve(keys, known));
}

const formOf = ({ numbers }: StepState) => ({
  snapshot: (entry: Entry): unknown => numbers.stateOf(entry),
  revive(entry: Entry, state: unknown): void {
    entry.state = state;
  },
  forget: (entry: Entry): void => numbers.release(entry),
});

export function statefulMapDriver(mapper: Call): DriverOf {
  return ({ step, state, outlets }) => {
    const bad = (result: unknown) => {
      throw badReturn(step, "a pair [state, output]", result);
    };
    // One output per record: the keys go on as they came.
    const bindings = { state, mapper, bad, outlet: outlets[0]! };
    const prelude = "const outputs = new Array(values.length);";
    return { ...formOf(state), batch: loopOver(bindings, prelude, "outputs[i] = output;", "outlet.columns(keys, outputs);") };
  };
}

export function statefulFlatMapDriver(mapper: Call): DriverOf {
  return ({ step, state, outlets }) => {
    const bad = (result: unknown) => {
      throw badReturn(step, "a pair [state, outputs]", result);
    };
    const list = (value: unknown) => toArray(value, step);
    const bindings = { state, mapper, bad, list, outlet: outlets[0]! };
    const perRecord = "const items = list(output); for (let j = 0; j < items.length; j++) outlet.push(keys[i], items[j]);";
    return { ...formOf(state), batch: loopOver(bindings, "", perRecord, "") };
  };
}
