import { expect, test } from "vitest";
import type { Recorder } from "../../../runtime/flow/index.ts";
import { createKeyedStates, decodeStateRow } from "../../../runtime/flow/index.ts";
import type { Entry } from "../../../runtime/flow/state/entry.ts";
import { statefulMapDriver } from "../../../runtime/flow/stateful/map-driver.ts";
import { Outlet } from "../../../runtime/flow/stateful/outlet.ts";
import { Wakes } from "../../../runtime/flow/state/wakes.ts";

const kinds: readonly unknown[] = [1, 0.5, -0, NaN, Infinity, 2 ** 31, 2 ** 40 + 0.25, -7, "text", { n: 1.5 }, null, undefined, 3n];

/** A step whose state becomes each value that comes; its outputs are the states before. */
function step() {
  const outputs: unknown[] = [];
  const rows: [string, unknown][] = [];
  const recorder: Recorder = {
    enabled: true,
    state: (_step, _epoch, _partition, key, value) => void rows.push([key, value && decodeStateRow(value)]),
    part: () => undefined,
    prepared: () => undefined,
    full: false,
    onRoom: () => undefined,
  };
  const states = createKeyedStates(8);
  const state = states.of("step");
  const outlet = new Outlet((_keys, values) => void outputs.push(...values));
  const mapper = (before: unknown, value: unknown) => [value, before];
  const driver = statefulMapDriver(mapper)({ step: "step", state, wakes: new Wakes(), outlets: [outlet], now: () => 0 });
  state.attach(driver, recorder);
  const give = (keys: string[], values: unknown[]) => driver.batch(keys, values, 0);
  return { states, state, outputs, rows, give };
}
const live = (entries: Iterable<Entry>) => [...entries].filter(({ slot }) => slot !== 0).length;

test("a state may be any kind of number, then something else, nothing, and a number again", () => {
  const { outputs, give, states } = step();
  const given: unknown[] = kinds.flatMap((before) => kinds.flatMap((after) => [before, after]));
  give(
    given.map(() => "key"),
    given,
  );
  expect(outputs).toEqual([undefined, ...given.slice(0, -1)]);
  for (const kind of kinds) {
    give(["key"], [kind]);
    expect(states.read("step", "key")).toEqual(kind);
  }
});

test("keys keep their numbers while others come, go and come back", () => {
  const { outputs, give } = step();
  const model = new Map<string, unknown>();
  const expected: unknown[] = [];
  for (let i = 0; i < 20_000; i++) {
    const key = `k${(i * 7919) % 613}`;
    const value = i % 5 === 0 ? undefined : i + 0.5;
    expected.push(model.get(key));
    model.set(key, value);
    give([key], [value]);
  }
  expect(outputs).toEqual(expected);
});

test("places of keys that are discarded are used again", () => {
  const { state, give } = step();
  for (let i = 0; i < 10_000; i++) {
    give([`k${i}`], [i + 0.5]);
    give([`k${i}`], [undefined]);
  }
  expect(state.numbers.column.length).toBe(16);
});

test("places of keys that move away are used again", () => {
  const { states, state, give } = step();
  for (let round = 0; round < 100; round++) {
    for (let i = 0; i < 100; i++) give([`k${i}`], [i + 0.5]);
    expect(live(state.entries.values())).toBe(100);
    state.snapshot(round);
    while (state.recording) state.slice();
    for (let partition = 0; partition < 8; partition++) states.addPartition(partition);
    for (let partition = 0; partition < 8; partition++) states.dropPartition(partition);
    expect(states.steps()).toEqual([]);
  }
  expect(state.numbers.column.length).toBeLessThanOrEqual(128);
});

test("a number that changes while a snapshot is under way is recorded as it was", () => {
  const { state, rows, give } = step();
  const keys = Array.from({ length: 5_000 }, (_, i) => `k${i}`);
  give(
    keys,
    keys.map((_, i) => i + 0.5),
  );
  state.snapshot(1);
  give(
    keys,
    keys.map(() => -0.5),
  );
  while (state.recording) state.slice();
  expect(new Map(rows)).toEqual(new Map(keys.map((key, i) => [key, i + 0.5])));
});
