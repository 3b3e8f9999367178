/**
 * Drivers of statefulMap and statefulFlatMap: the fast ones. One entry per key holds the user's state; a record costs one
 * look-up, the user's call and a push. The loop is generated per step, so that V8 inlines the user's mapper.
 */
import { generated } from "../generated.ts";
import { toArray } from "../iterables.ts";
import type { Entry } from "../state/entry.ts";
import type { Call } from "../graph/node.ts";
import type { Driver, DriverOf } from "./driver.ts";
import { badReturn } from "./logic-driver.ts";

type Loop = (keys: string[], values: unknown[]) => void;
type KnownLoop = (keys: string[], values: unknown[], ids: Uint16Array, memo: unknown[]) => void;

/** `perRecord` takes `key` and `output`; `done` runs after the loop. With `known` keys, each is looked up once per sender. */
function loopSource(known: boolean, prelude: string, perRecord: string, done: string): string {
  const lookUp = known
    ? `const id = ids[i];
    let entry = memo[id];
    if (entry === undefined || entry.gone) entry = memo[id] = state.open(key);`
    : `let entry = entries.get(key);
    if (entry === undefined) entry = state.find(key) ?? state.create(key);
    else if (entry.bytes !== undefined) state.revive(entry);`;
  return `return function loop(keys, values${known ? ", ids, memo" : ""}) {
  const entries = state.entries;
  const generation = state.generation;
  ${prelude}
  for (let i = 0; i < values.length; i++) {
    const key = keys[i];
    ${lookUp}
    if (entry.mark !== generation) state.touch(entry);
    const result = mapper(entry.state, values[i]);
    if (!Array.isArray(result) || result.length !== 2) bad(result);
    const next = result[0], output = result[1];
    if (next === undefined) state.discard(entry);
    else entry.state = next;
    ${perRecord}
  }
  ${done}
};`;
}

function loopOver(bindings: Record<string, unknown>, prelude: string, perRecord: string, done: string): Driver["batch"] {
  const loop = generated<Loop>(bindings, loopSource(false, prelude, perRecord, done));
  const knownLoop = generated<KnownLoop>(bindings, loopSource(true, prelude, perRecord, done));
  return (keys, values, _port, known) => {
    if (known === undefined) loop(keys, values);
    else knownLoop(keys, values, known.ids, known.memo);
  };
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
