/** What recovery as a whole promises, checked against a plain model over random histories. */
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import Database from "better-sqlite3";
import { zstdDecompressSync } from "node:zlib";
import { type Snapshot, type Store, type StoreFault, createMemoryStore, readManifest } from "../../runtime/recovery/index.ts";
import { type Miniature, type Model, type Wave, load, start, stepOf } from "./miniature.ts";

const key = fc.constantFrom("", "a", "b", "dd", "ü", "日本", "🎉");
const row = fc.record({
  step: fc.constantFrom("a", "b"),
  key,
  value: fc.option(fc.string({ maxLength: 5 }), { nil: undefined, freq: 2 }),
});
const processes = fc.integer({ min: 1, max: 3 });
/** `now`: the wave's results go into the very next snapshot; else they wait for an "apply". */
const compact = {
  tiers: fc.constantFrom(0, 0, 1, 2),
  floor: fc.constantFrom(0, 0, 60, 1e9),
  share: fc.constantFrom(0, 10),
  now: fc.boolean(),
  growth: fc.constantFrom(0.5, 2, 100),
};
const command = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ kind: fc.constant("write" as const), rows: fc.array(row, { minLength: 1, maxLength: 6 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("part" as const), part: key, value: fc.string({ maxLength: 3 }) }) },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant("snapshot" as const) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("compact" as const), ...compact }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("apply" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("abandon" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("rescale" as const), processes }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const), processes, back: fc.boolean(), drop: fc.boolean() }) },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** What each committed snapshot must hold, by "execution-epoch". */
type Committed = Map<string, Model>;
const idOf = ({ execution, epoch }: Pick<Snapshot, "execution" | "epoch">): string => `${execution}-${epoch}`;

async function run(
  store: Store,
  commands: Iterable<Command>,
  committed: Committed,
  afterCommit: (flow: Miniature) => Promise<void>,
): Promise<void> {
  let flow = await start(store, 2);
  let wave: Wave | undefined;
  let apply = false;
  const commit = async (processes?: number): Promise<void> => {
    committed.set(idOf({ execution: flow.manifest.manifest.execution, epoch: flow.epoch }), new Map(flow.live));
    await flow.snapshot({ wave: apply ? wave : undefined, processes });
    // A rescale ends the execution, and what it was compacting with it.
    if (apply || processes !== undefined) wave = undefined;
    apply = false;
    await afterCommit(flow);
  };
  for (const each of commands) {
    switch (each.kind) {
      case "write":
        for (const { step, key: name, value } of each.rows) flow.write(step, name, value);
        break;
      case "part":
        flow.part("in", each.part, each.value);
        break;
      case "snapshot":
        await commit();
        break;
      case "rescale":
        await commit(each.processes);
        break;
      case "compact": {
        const plan =
          wave === undefined
            ? flow.plan({ tiers: each.tiers, maxTiers: 6, growth: each.growth, worthwhile: 1, floorBytes: 1e9 })
            : undefined;
        if (plan !== undefined) wave = await flow.compact(plan, { baseFloorBytes: each.floor, baseShare: each.share });
        apply ||= each.now && wave !== undefined;
        break;
      }
      case "apply":
        apply = wave !== undefined;
        break;
      case "abandon":
        wave = undefined;
        apply = false;
        break;
      case "restart": {
        wave = undefined;
        apply = false;
        const steps = each.drop ? ["a", "in"] : undefined;
        const { snapshots } = flow.manifest.manifest;
        const from = each.back && snapshots.length > 1 ? snapshots[0] : undefined;
        // Going back is for the newest epochs of one line of snapshots: their numbers must differ.
        const back =
          from !== undefined && snapshots.filter((snapshot) => snapshot.epoch === from.epoch).length === 1 ? from : undefined;
        flow = await start(store, each.processes, { steps, fromEpoch: back?.epoch });
        const resumed = back ?? flow.manifest.manifest.snapshots.at(-1);
        const expected = resumed === undefined ? new Map() : new Map(committed.get(idOf(resumed)));
        if (each.drop) for (const name of expected.keys()) if (stepOf(name) === "b") expected.delete(name);
        expect(sorted(flow.live)).toEqual(sorted(expected));
        if (back !== undefined) await commit();
        break;
      }
    }
  }
}
const sorted = (model: Model): [string, string][] => [...model].toSorted(([a], [b]) => (a < b ? -1 : 1));

/** As anybody would who has only SQLite and the order of the files: later rows replace earlier ones. */
async function applyPlainly(store: Store, snapshot: Snapshot): Promise<Model> {
  const model: Model = new Map();
  for (const file of snapshot.files) {
    const database = new Database(zstdDecompressSync((await store.get(file.path))!.bytes));
    for (const row of database.prepare<[], { step: string; key: string; value: Buffer | null }>("SELECT * FROM state").all()) {
      if (row.value === null) model.delete(`${row.step}/${row.key}`);
      else model.set(`${row.step}/${row.key}`, row.value.toString());
    }
    for (const row of database.prepare<[], { step: string; part: string; value: Buffer }>("SELECT * FROM parts").all()) {
      model.set(`part ${row.step}/${row.part}`, row.value.toString());
    }
    database.close();
  }
  return model;
}

vi.setConfig({ testTimeout: 120_000 });

describe("over random histories of writes, snapshots, compactions, rescales and restarts", () => {
  test("every retained snapshot loads as what was written, garbage collection included", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 30, maxLength: 50 }), async (commands) => {
        const store = createMemoryStore();
        const committed: Committed = new Map();
        await run(store, commands, committed, async ({ manifest: { manifest } }) => {
          for (const snapshot of manifest.snapshots) {
            const based = snapshot.files.flatMap((file) => /^base\/\w+/.exec(file.path)?.[0] ?? []);
            expect(new Set(based).size).toBe(based.length);
            expect(sorted(await load(store, snapshot))).toEqual(sorted(committed.get(idOf(snapshot))!));
            if (snapshot.dropped === undefined) {
              expect(sorted(await applyPlainly(store, snapshot))).toEqual(sorted(committed.get(idOf(snapshot))!));
            }
          }
        });
      }),
      { numRuns: 25 },
    );
  });

  test("what no snapshot needs is deleted in the end", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 30, maxLength: 50 }), async (commands) => {
        const store = createMemoryStore();
        await run(store, commands, new Map(), () => Promise.resolve());
        // Another execution begins, commits, and nothing is in progress.
        const flow = await start(store, 1);
        await flow.snapshot({ retain: 1 });
        const used = flow.manifest.manifest.snapshots.flatMap((snapshot) => snapshot.files.map((file) => file.path));
        expect([...store.objects.keys()].toSorted()).toEqual([...used, "manifest.json"].toSorted());
      }),
      { numRuns: 10 },
    );
  });
});

describe("with a store that fails, loses answers and repeats", () => {
  const fault = fc.oneof(
    { weight: 12, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom<StoreFault>("before", "after", "twice") },
  );

  test("no commit is lost, doubled or half done", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 30, maxLength: 50 }), fc.infiniteStream(fault), async (commands, faults) => {
        const store = createMemoryStore({ fault: () => faults.next().value });
        const reliable = createMemoryStore({}, store.objects);
        const committed: Committed = new Map();
        let confirmed: string | undefined;
        const remaining = [...commands];
        // Each failure ends an execution; what is left of the history goes on in the next one.
        for (let executions = 0; executions < 200; executions += 1) {
          try {
            await run(store, consuming(remaining), committed, async ({ manifest: { manifest } }) => {
              const newest = manifest.snapshots.at(-1)!;
              confirmed = idOf(newest);
              const found = (await readManifest(reliable))!.manifest;
              expect(idOf(found.snapshots.at(-1)!)).toBe(confirmed);
              expect(sorted(await load(reliable, newest))).toEqual(sorted(committed.get(confirmed)!));
            });
            break;
          } catch (error) {
            if ((error as { code?: string }).code !== "WEIR_STORE_FAILED") throw error;
            const found = (await readManifest(reliable))?.manifest;
            for (const snapshot of found?.snapshots ?? []) {
              expect(sorted(await load(reliable, snapshot))).toEqual(sorted(committed.get(idOf(snapshot))!));
            }
            if (confirmed !== undefined) expect(found?.snapshots.length).toBeGreaterThan(0);
          }
        }
      }),
      { numRuns: 25 },
    );
  });
});

function* consuming(remaining: Command[]): Generator<Command> {
  for (let next = remaining.shift(); next !== undefined; next = remaining.shift()) yield next;
}

test("a crash at any store operation leaves the old snapshot or the new one, whole", async () => {
  const history = async (flow: Miniature, value: string): Promise<void> => {
    for (const name of ["a", "b", "c", "k1"]) flow.write("a", name, value);
    flow.part("in", "p", value);
    await flow.snapshot();
  };
  for (let crashAt = 0, crashed = true; crashed; crashAt += 1) {
    for (const when of ["before", "after"] as const) {
      crashed = false;
      let operations = 0;
      let armed = false;
      const objects = new Map<string, Uint8Array>();
      const store = createMemoryStore(
        {
          fault() {
            if (!armed) return undefined;
            // From the crash on nothing is done any more, as the process is gone.
            operations += 1;
            if (operations - 1 < crashAt) return undefined;
            crashed = true;
            return operations - 1 === crashAt ? when : "before";
          },
        },
        objects,
      );
      const flow = await start(store, 2);
      await history(flow, "old");
      armed = true;
      let answered = false;
      try {
        await history(flow, "new");
        answered = true;
        const plan = flow.plan({ tiers: 1 });
        const wave = plan && (await flow.compact(plan, { baseFloorBytes: 0, baseShare: 0 }));
        await flow.snapshot({ wave, processes: 3 });
      } catch (error) {
        expect(error).toMatchObject({ code: "WEIR_STORE_FAILED" });
      }
      const reliable = createMemoryStore({}, objects);
      const next = await start(reliable, 1);
      const expected = new Set(next.live.values());
      expect([...expected]).toHaveLength(1);
      if (answered) expect([...expected]).toEqual(["new"]);
      expect(next.live.size).toBe(5);
    }
  }
});
