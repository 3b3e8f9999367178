/**
 * The flow that the simulation runs, its input made from the seed, and what a plain loop says its answer is. It has what can
 * go wrong in it: an exchange, running sums (order and exactly-once show in each output), event-time windows with timers and
 * late data, a join of two inputs, a loop with state in it, and a sink of each kind.
 */
import { Dataflow, eventClock, type PartitionedSource, tumbling } from "../../runtime/index.ts";
import type { Disk } from "./disk.ts";
import type { Random } from "./random.ts";

export interface Item {
  readonly key: string;
  readonly value: number;
  readonly at: number;
}
export interface Scenario {
  readonly flow: (disk: Disk) => Dataflow;
  /** Throws with the difference when the disk does not hold what an undisturbed run leaves. */
  readonly check: (disk: Disk) => void;
}

const windowMs = 100;

/** Goes from place to place, a step per round of the loop. */
interface Walker {
  readonly at: number;
  readonly left: number;
}
const onward = ({ at, left }: Walker): Walker => ({ at: (at * 3 + left) % 7, left: left - 1 });

export function createScenario(random: Random, now: () => number): Scenario {
  const parts = 1 + random.integer(4);
  const keys = 1 + random.integer(12);
  const input = new Map<string, Item[]>();
  for (let part = 0; part < parts; part++) {
    const items: Item[] = [];
    for (let count = 5 + random.integer(60), index = 0; index < count; index++) {
      items.push({ key: `k${random.integer(keys)}`, value: 1 + random.integer(100), at: index * 7 + random.integer(30) });
    }
    input.set(`part-${part}`, items);
  }
  const sides = new Map<string, Item[]>([
    ["left", Array.from({ length: keys }, (_, key) => ({ key: `k${key}`, value: key, at: 0 }))],
  ]);
  const batch = 1 + random.integer(8);
  /** Milliseconds between two batches of a part: some inputs outlast the trouble, some are over at once. */
  const pace = [0, 20, 100, 300][random.integer(4)]!;
  return {
    flow(disk) {
      const flow = new Dataflow("simulated");
      const records = flow.input("records", listSource(input, batch, pace, now)).keyBy("key", (item) => item.key);
      records
        .statefulMap("sum", (state: number | undefined, item) => {
          const sum = (state ?? 0) + item.value;
          return [sum, `${item.value}:${sum}`];
        })
        .output("ledger", disk.ledger());
      records
        .window("window", {
          clock: eventClock({ timestamp: (item) => item.at, waitMs: Infinity }),
          windower: tumbling({ lengthMs: windowMs, alignTo: 0 }),
        })
        .fold(
          () => ({ count: 0, sum: 0 }),
          (state, item) => ({ count: state.count + 1, sum: state.sum + item.value }),
          (into, from) => ({ count: into.count + from.count, sum: into.sum + from.sum }),
        )
        .down.map("line", ([key, [window, { count, sum }]]) => [key, `${key} ${window} ${count} ${sum}`] as [string, string])
        .asKeyed()
        .output("files", disk.fileSink(3));
      const left = flow.input("left", listSource(sides, 2, 0, now)).keyBy("left-key", (item) => item.key);
      left
        .join("join", [records.countFinal("counts")], { emit: "final" })
        .mapValue("joined", ([item, count]) => `${item?.value ?? "none"}/${count ?? 0}`)
        .output("list", disk.list());
      records
        .map("start", ([key, { value }]): Walker => ({ at: Number(key.slice(1)), left: value % 4 }))
        .iterate("walk", (loop) => {
          const came = loop
            .keyBy("place", ({ at }) => `p${at}`)
            .statefulMap("visits", (count: number | undefined, walker) => [(count ?? 0) + 1, { walker, visit: (count ?? 0) + 1 }]);
          return {
            again: came.unkey("walkers").filterMap("onward", ({ walker }) => (walker.left > 0 ? onward(walker) : undefined)),
            out: came.mapValue("visit", ({ visit }) => `1:${visit}`),
          };
        })
        .output("visitors", disk.ledger());
      return flow;
    },
    check(disk) {
      const all = [...input.values()].flat();
      const sums = new Map<string, number>();
      const counts = new Map<string, number>();
      const windows = new Map<string, { count: number; sum: number }>();
      for (const { key, value, at } of all) {
        sums.set(key, (sums.get(key) ?? 0) + value);
        counts.set(key, (counts.get(key) ?? 0) + 1);
        for (let walker: Walker = { at: Number(key.slice(1)), left: value % 4 }; ; walker = onward(walker)) {
          const place = `p${walker.at}`;
          sums.set(place, (sums.get(place) ?? 0) + 1);
          counts.set(place, (counts.get(place) ?? 0) + 1);
          if (walker.left === 0) break;
        }
        const name = `${key} ${Math.floor(at / windowMs)}`;
        const window = windows.get(name) ?? { count: 0, sum: 0 };
        windows.set(name, { count: window.count + 1, sum: window.sum + value });
      }
      const lines = [...disk.files.values()].flat().toSorted();
      same("windows", lines, [...windows].map(([name, { count, sum }]) => `${name} ${count} ${sum}`).toSorted());

      // Any order of a key's values is right, but each value must have been added once, to what was there before.
      const perKey = new Map<string, { value: number; sum: number }[]>();
      for (const entry of [...disk.committed.values()].flat()) {
        const [key, rest] = entry.split("=") as [string, string];
        const [value, sum] = rest.split(":").map(Number) as [number, number];
        perKey.set(key, [...(perKey.get(key) ?? []), { value, sum }]);
      }
      for (const [key, entries] of perKey) {
        let sum = 0;
        for (const entry of entries.toSorted((a, b) => a.sum - b.sum)) {
          sum += entry.value;
          if (entry.sum !== sum) throw new Error(`running sum of ${key}: ${entry.sum} where ${sum} is right`);
        }
      }
      same(
        "running sums",
        [...perKey].map(([key, entries]) => `${key} ${entries.length} ${Math.max(...entries.map(({ sum }) => sum))}`).toSorted(),
        [...sums].map(([key, sum]) => `${key} ${counts.get(key)} ${sum}`).toSorted(),
      );

      same(
        "join",
        [...new Set(disk.seen)].toSorted(),
        Array.from({ length: keys }, (_, key) => `k${key}=${key}/${counts.get(`k${key}`) ?? 0}`).toSorted(),
      );
    },
  };
}

function same(what: string, found: readonly string[], wanted: readonly string[]): void {
  if (found.length === wanted.length && found.every((line, index) => line === wanted[index])) return;
  const missing = wanted.filter((line) => !found.includes(line));
  const extra = found.filter((line) => !wanted.includes(line));
  throw new Error(
    `${what}: ${found.length} lines where ${wanted.length} are right; missing ${JSON.stringify(missing.slice(0, 5))}, extra ${JSON.stringify(extra.slice(0, 5))}`,
  );
}

function listSource(
  parts: ReadonlyMap<string, readonly Item[]>,
  batch: number,
  pace: number,
  now: () => number,
): PartitionedSource<Item, number> {
  return {
    kind: "partitioned",
    listParts: () => [...parts.keys()],
    buildPart(part, resume) {
      const items = parts.get(part)!;
      let next = resume ?? 0;
      let awake = 0;
      return {
        nextAwake: () => awake,
        nextBatch() {
          awake = now() + pace;
          if (next >= items.length) return null;
          const taken = items.slice(next, next + batch);
          next += taken.length;
          return taken;
        },
        snapshot: () => next,
        lag: () => items.length - next,
      };
    },
  };
}
