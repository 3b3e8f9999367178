import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { usedBytes } from "../data/used-bytes.ts";
import { parts } from "../data/updates.ts";
import { expectAnswer, type Measurement, type Place, type Row, type Scale } from "../row.ts";
import { runFlow } from "../run-flow.ts";

const keysOf: Record<Scale, number> = { full: 1_000_000, brief: 100_000, tiny: 10_000 };

function plainMap({ scale }: Place): Measurement {
  const keys = keysOf[scale];
  const map = new Map<string, number>();
  for (let i = 0; i < keys; i++) map.set(`k${i}`, 1);
  const used = usedBytes();
  expectAnswer("Map", { keys: map.size }, { keys });
  map.clear();
  return { value: (used - usedBytes()) / keys };
}

/** Each key once, and then what the worker holds; `again`: a second life that has loaded them all and touched a thousandth. */
async function state(place: Place, durable: boolean, again = false): Promise<Measurement> {
  const keys = keysOf[place.scale];
  const flags = durable ? { recovery: pathToFileURL(join(place.scratch, "store")).href } : {};
  const run = (until: number) => runFlow("updates", place, { params: { keys, until, fast: until, memory: 1 }, flags });
  const until = again ? keys + parts * Math.max(1, Math.floor(keys / 1_000 / parts)) : keys;
  if (again) await run(keys);
  const done = await run(until);
  let count = 0;
  for (let part = 0; part < parts; part++) count += done.sum(`count${part}`);
  expectAnswer("memory", { count }, { count: again ? until - keys : keys });
  return { value: done.sum("used") / keys };
}

export const memoryRow: Row = {
  name: "memory",
  work: "memory for each of 1 M keys of a counting step, after a full garbage collection",
  unit: "bytes",
  variants: {
    Map: plainMap,
    "1 worker": (place) => state(place, false),
    "with recovery": (place) => state(place, true),
    "after a resume": (place) => state(place, true, true),
  },
  goals: [
    { variant: "1 worker", of: "Map", atLeast: 0.34 },
    { variant: "with recovery", of: "Map", atLeast: 0.34 },
    { variant: "after a resume", of: "Map", atLeast: 0.34 },
  ],
  limit:
    "The key's string and its place in a Map; a step has an object for each key besides, and packed bytes for those it has only loaded.",
};
