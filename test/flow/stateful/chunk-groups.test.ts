import fc from "fast-check";
import { expect, test } from "vitest";
import type { KnownKeys } from "../../../runtime/flow/exchange/key-splitter.ts";
import { StepState } from "../../../runtime/flow/state/step-state.ts";
import { ChunkGroups } from "../../../runtime/flow/stateful/chunk-groups.ts";

function stepState(): StepState {
  const state = new StepState("step", () => 0);
  state.attach({ snapshot: () => 0, revive: () => undefined }, { enabled: false } as never);
  return state;
}
/** What the driver of a step would see, by walking the links and by lists. */
function grouped(groups: ChunkGroups): [key: string, values: unknown[]][] {
  const seen: [string, unknown[]][] = [];
  for (let slot = 0; slot < groups.size; slot++) {
    const linked: unknown[] = [];
    for (let at = groups.first[slot]!, left = groups.count[slot]!; left > 0; left--, at = groups.next[at]!)
      linked.push(groups.values[at]);
    expect(groups.valuesAt(slot)).toEqual(linked);
    seen.push([groups.entries[slot]!.key, linked]);
  }
  return seen;
}
function byMap(keys: readonly string[], values: readonly unknown[]): [string, unknown[]][] {
  const lists = new Map<string, unknown[]>();
  keys.forEach((key, i) => lists.set(key, [...(lists.get(key) ?? []), values[i]]));
  return [...lists];
}

test("values are grouped by key, keys in the order of their first values, chunk after chunk, with keys that go and come back", () => {
  const chunk = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 });
  fc.assert(
    fc.property(fc.array(fc.tuple(chunk, fc.boolean()), { maxLength: 8 }), (chunks) => {
      const state = stepState();
      const groups = new ChunkGroups(state);
      const memo: unknown[] = Array.from({ length: 10 }, () => undefined);
      for (const [ids, remembers] of chunks) {
        const keys = ids.map((id) => `k${id}`);
        const values = ids.map((_, i) => i);
        groups.gather(keys, values, remembers ? { ids: Uint16Array.from(ids), memo } : undefined);
        expect(grouped(groups)).toEqual(byMap(keys, values));
        // Not the entry of an earlier life of the key, which nobody would keep.
        for (const entry of groups.entries.slice(0, groups.size)) expect(state.entries.get(entry.key)).toBe(entry);
        for (let slot = 0; slot < groups.size; slot += 3) state.discard(groups.entries[slot]!);
      }
    }),
  );
});

test("a chunk may be longer than any before", () => {
  const keys = Array.from({ length: 5_000 }, (_, i) => `k${i % 4_000}`);
  const groups = new ChunkGroups(stepState());
  groups.gather(["a"], [1], undefined);
  groups.gather(keys, keys, undefined);
  expect(grouped(groups)).toEqual(byMap(keys, keys));
});

test("keys that are remembered count as touched", () => {
  const state = stepState();
  state.attach({ snapshot: () => 0, revive: () => undefined }, { enabled: true, state() {} } as never);
  const groups = new ChunkGroups(state);
  const known: KnownKeys = { ids: new Uint16Array(1), memo: [undefined] };
  groups.gather(["a"], [1], known);
  groups.gather(["a"], [1], known);
  expect(known.memo).toEqual([state.entries.get("a")]);
  state.snapshot(1);
  while (state.recording) state.slice();
  expect(state.dirty).toBe(false);
  groups.gather(["a"], [2], known);
  expect(state.dirty).toBe(true);
});
