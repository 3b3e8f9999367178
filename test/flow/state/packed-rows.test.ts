import { expect, test } from "vitest";
import { createKeyedStates, type KeyedStates, partitionOf } from "../../../runtime/flow/index.ts";
import { PackedRows } from "../../../runtime/flow/state/packed-rows.ts";
import { encodeStateRow } from "../../../runtime/flow/state/state-row.ts";
import { loadRow } from "./load-row.ts";

function put(rows: PackedRows, key: string, value: string): void {
  const bytes = Buffer.from(`>${key}${value}<`);
  const keyEnd = 1 + Buffer.byteLength(key);
  rows.put(bytes, 1, keyEnd, keyEnd, bytes.length - 1);
}
function remove(rows: PackedRows, key: string): boolean {
  const bytes = Buffer.from(`>${key}<`);
  return rows.remove(bytes, 1, bytes.length - 1);
}
const text = (value: Uint8Array | undefined) => value && Buffer.from(value).toString();

test("rows put, replaced, removed and taken in any order are those of a Map", () => {
  const rows = new PackedRows();
  const model = new Map<string, string>();
  let seed = 7;
  const random = (n: number) => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 1) % n;
  const names = ["", "k", "ключ", "𝄞", "a".repeat(500), "\ufffd"];
  for (let i = 0; i < 8_000; i++) {
    const key = `${names[random(names.length)]}${random(800) || ""}`;
    switch (random(4)) {
      case 0:
        expect(remove(rows, key)).toBe(model.delete(key));
        break;
      case 1:
        expect(text(rows.take(key))).toBe(model.get(key));
        model.delete(key);
        break;
      default:
        put(rows, key, `${i}${"v".repeat(random(100))}`);
        model.set(key, text(rows.read(key))!);
        expect(model.get(key)!.startsWith(`${i}`)).toBe(true);
    }
    expect(rows.size).toBe(model.size);
  }
  expect([...rows.keys()].toSorted()).toEqual([...model.keys()].toSorted());
  for (const [key, value] of model) expect(text(rows.read(key))).toBe(value);
});

test("half of a surrogate pair is no key that was stored", () => {
  const rows = new PackedRows();
  put(rows, "\ufffd", "1");
  expect(text(rows.read("\ufffd"))).toBe("1");
  expect(rows.read("\ud800")).toBeUndefined();
});

test("a view of a value stays what it is while rows come and go", () => {
  const rows = new PackedRows();
  put(rows, "a", "first");
  const first = rows.take("a");
  for (let i = 0; i < 1_000; i++) put(rows, "a", `later ${i}`);
  expect(text(first)).toBe("first");
  // Large enough by now that what is outgrown is given back, unless somebody looks at it.
  put(rows, "b", "second");
  const second = rows.read("b");
  for (let i = 0; i < 1_000; i++) put(rows, `c${i}`, "c".repeat(1_000));
  expect(text(second)).toBe("second");
  expect(text(rows.read("c0"))).toBe("c".repeat(1_000));
});

const load = (states: KeyedStates, key: string, value: unknown, wake?: number): void =>
  loadRow(states, "step", partitionOf(key, 8), key, value === undefined ? undefined : encodeStateRow(value, wake));

test("the last file wins, whether its rows want to be woken or not", () => {
  const states = createKeyedStates(8);
  load(states, "woken", 1, 100);
  load(states, "woken", 2);
  load(states, "quiet", 1);
  load(states, "quiet", 2, 100);
  load(states, "gone", 1);
  load(states, "gone", undefined);
  load(states, "woken and gone", 1, 100);
  load(states, "woken and gone", undefined);
  load(states, "back", 1);
  load(states, "back", undefined);
  load(states, "back", 2, 100);
  load(states, "back", 3);
  expect([...states.keys("step")].toSorted()).toEqual(["back", "quiet", "woken"]);
  expect(states.count("step")).toBe(3);
  for (const [key, value] of Object.entries({ back: 3, quiet: 2, woken: 2, gone: undefined }))
    expect(states.read("step", key)).toBe(value);
  expect([...states.of("step").entries.values()].map(({ key, wake }) => [key, wake])).toEqual([["quiet", 100]]);
});

test("a key is made an entry when it is touched, with what was stored, and its removal is recorded", () => {
  const states = createKeyedStates(8);
  load(states, "a", 5);
  load(states, "b", 6);
  const rows: unknown[] = [];
  const state = states.of("step");
  state.attach(
    { snapshot: (entry) => entry.state, revive: (entry, value) => void (entry.state = value) },
    {
      enabled: true,
      state: (_step, epoch, _partition, key, value) => void rows.push([epoch, key, value]),
      part: () => undefined,
      prepared: () => undefined,
      full: false,
      onRoom: () => undefined,
    },
  );
  expect(state.entries.size).toBe(0);
  expect(state.open("a").state).toBe(5);
  expect(state.open("new").state).toBeUndefined();
  expect([state.size, state.entries.size]).toEqual([3, 2]);
  state.discard(state.open("a"));
  state.discard(state.open("new"));
  state.snapshot(4);
  while (state.recording) state.slice();
  expect(rows).toEqual([[4, "a", undefined]]);
  expect([...state.keys()]).toEqual(["b"]);
});
