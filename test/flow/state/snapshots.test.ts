import { expect, test } from "vitest";
import type { Recorder } from "../../../runtime/flow/index.ts";
import { createKeyedStates, decodeStateRow, partitionOf } from "../../../runtime/flow/index.ts";
import { StepState } from "../../../runtime/flow/state/step-state.ts";
import { Wakes } from "../../../runtime/flow/state/wakes.ts";
import { loadRow } from "./load-row.ts";
import { encodeStateRow, wakeOf } from "../../../runtime/flow/state/state-row.ts";

type Row = readonly [epoch: number, key: string, value: unknown];

function recorded(): { state: StepState; rows: Row[] } {
  const rows: Row[] = [];
  const recorder: Recorder = {
    enabled: true,
    state: (_step, epoch, _partition, key, value) => void rows.push([epoch, key, value && decodeStateRow(value)]),
    part: () => undefined,
    prepared: () => undefined,
    full: false,
    onRoom: () => undefined,
  };
  const state = new StepState("step", (key) => partitionOf(key, 8));
  state.attach(
    {
      snapshot: (entry) => entry.state,
      revive(entry, value) {
        entry.state = value;
      },
    },
    recorder,
  );
  return { state, rows };
}
const put = (state: StepState, key: string, value: unknown) => void (state.open(key).state = value);
const finish = (state: StepState) => {
  while (state.recording) state.slice();
};

test("only keys touched since the last snapshot are recorded", () => {
  const { state, rows } = recorded();
  put(state, "a", 1);
  put(state, "b", 2);
  state.snapshot(1);
  finish(state);
  put(state, "b", 3);
  state.snapshot(2);
  finish(state);
  state.snapshot(3);
  expect(state.recording).toBe(false);
  expect(rows).toEqual([
    [1, "a", 1],
    [1, "b", 2],
    [2, "b", 3],
  ]);
});

test("a snapshot is encoded in slices, and a key that changes meanwhile is recorded as it was", () => {
  const { state, rows } = recorded();
  for (let i = 0; i < 10_000; i++) put(state, `k${i}`, i);
  state.snapshot(5);
  state.slice();
  expect(rows.length).toBeLessThan(5_000);
  put(state, "k9999", "changed");
  put(state, "k0", "changed after it was recorded");
  state.discard(state.open("k5000"));
  state.snapshot(6);
  finish(state);
  const at = (epoch: number, key: string) => rows.filter((row) => row[0] === epoch && row[1] === key).map((row) => row[2]);
  expect(at(5, "k9999")).toEqual([9999]);
  expect(at(6, "k9999")).toEqual(["changed"]);
  expect(at(5, "k0")).toEqual([0]);
  expect(at(6, "k0")).toEqual(["changed after it was recorded"]);
  expect([at(5, "k5000"), at(6, "k5000")]).toEqual([[5000], [undefined]]);
  expect(rows.filter((row) => row[0] === 5).length).toBe(10_000);
  expect(rows.filter((row) => row[0] === 6).length).toBe(3);
});

test("a removal is recorded only for keys that are stored, and a key that comes back keeps the order of its rows", () => {
  const { state, rows } = recorded();
  put(state, "never stored", 1);
  state.discard(state.open("never stored"));
  put(state, "a", 1);
  state.snapshot(1);
  finish(state);
  state.discard(state.open("a"));
  state.snapshot(2);
  // Comes back while its removal waits to be recorded.
  put(state, "a", 2);
  state.snapshot(3);
  finish(state);
  state.discard(state.open("a"));
  put(state, "a", 3);
  state.snapshot(4);
  finish(state);
  expect(rows).toEqual([
    [1, "a", 1],
    [2, "a", undefined],
    [3, "a", 2],
    [4, "a", 3],
  ]);
});

test("a key that is woken while a snapshot waits to record it is recorded with its wake time", () => {
  const rows: [number, number | undefined][] = [];
  const state = new StepState("step", () => 0);
  const recorder = { enabled: true, part: () => undefined, prepared: () => undefined, full: false, onRoom: () => undefined };
  const form = { snapshot: () => 0, revive: () => undefined };
  state.attach(form, { ...recorder, state: (_step, epoch, _partition, _key, row) => void rows.push([epoch, wakeOf(row!)]) });
  const wakes = new Wakes();
  wakes.set(state.open("k"), 100);
  state.snapshot(1);
  expect(wakes.due(99)).toEqual([]);
  const [entry] = wakes.due(100);
  state.open(entry!.key);
  entry!.wake = undefined;
  state.snapshot(2);
  finish(state);
  expect(rows).toEqual([
    [1, 100],
    [2, undefined],
  ]);
});

test("a wake time that is pushed forward keeps one place in the queue, and an earlier one comes first", () => {
  const { state } = recorded();
  const wakes = new Wakes();
  const [a, b] = [state.open("a"), state.open("b")];
  for (let time = 10; time <= 1_000; time += 10) wakes.set(a, time);
  wakes.set(b, 500);
  wakes.set(b, 400);
  expect(wakes.due(399)).toEqual([]);
  expect(wakes.due(400).map((entry) => entry.key)).toEqual(["b"]);
  b.wake = undefined;
  expect(wakes.due(999)).toEqual([]);
  expect(wakes.due(1_000).map((entry) => entry.key)).toEqual(["a"]);
  a.wake = undefined;
  expect([wakes.due(1e9), wakes.next()]).toEqual([[], Infinity]);
});

test("rows carry the wake time in front of the state", () => {
  expect(wakeOf(encodeStateRow({ a: 1 }, 12_345.5))).toBe(12_345.5);
  expect(wakeOf(encodeStateRow({ a: 1 }, undefined))).toBeUndefined();
  expect(decodeStateRow(encodeStateRow({ a: [1, "x"] }, 7))).toEqual({ a: [1, "x"] });
  expect(() => decodeStateRow(new Uint8Array([9, 9]))).toThrow(expect.objectContaining({ code: "WEIR_DECODE" }));
  expect(() => wakeOf(new Uint8Array())).toThrow(expect.objectContaining({ code: "WEIR_DECODE" }));
});

test("loaded keys are read without being touched, and whole partitions are dropped", () => {
  const states = createKeyedStates(8);
  const keys = Array.from({ length: 100 }, (_, i) => `k${i}`);
  for (let partition = 0; partition < 8; partition++) states.addPartition(partition);
  for (const key of keys) loadRow(states, "step", partitionOf(key, 8), key, encodeStateRow({ key }, undefined));
  expect(states.count("step")).toBe(100);
  expect(states.read("step", "k7")).toEqual({ key: "k7" });
  expect(states.read("step", "none")).toBeUndefined();
  states.dropPartition(partitionOf("k7", 8));
  states.dropPartition(partitionOf("k8", 8));
  const left = keys.filter((key) => ![partitionOf("k7", 8), partitionOf("k8", 8)].includes(partitionOf(key, 8)));
  expect([...states.keys("step")].toSorted()).toEqual(left.toSorted());
  expect(states.ownsPartition(partitionOf("k7", 8))).toBe(false);
});

test("entries of dropped partitions go little by little, and at once when somebody looks or the partition comes back", () => {
  const states = createKeyedStates(2);
  const of = (partition: number) =>
    Array.from({ length: 10_000 }, (_, i) => `k${i}`).filter((key) => partitionOf(key, 2) === partition);
  const state = states.of("step");
  for (const partition of [0, 1]) {
    states.addPartition(partition);
    for (const key of of(partition)) state.create(key);
  }
  states.dropPartition(0);
  states.addPartition(1);
  expect(state.sweeping).toBe(true);
  state.sweep();
  expect(state.entries.size).toBeGreaterThan(of(1).length);
  state.create("k late").partition = 1;
  while (state.sweeping) state.sweep();
  expect([...state.entries.keys()].toSorted()).toEqual([...of(1), "k late"].toSorted());
  states.dropPartition(1);
  expect([...states.keys("step")]).toEqual([]);
  expect(states.count("step")).toBe(0);
  states.addPartition(0);
  state.create("k0");
  states.dropPartition(0);
  states.addPartition(0);
  expect(state.entries.size).toBe(0);
});
