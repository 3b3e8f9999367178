/**
 * A flow whose whole output is known beforehand: four parts of numbered events at a steady pace, and of each key running sums,
 * event-time windows and a final count. Keys belong to one part each, so that their order is known.
 *
 * Parameters: directory, items (per part), paceMs (between batches), batch, keys (per part).
 */
import { Dataflow, dirSink, eventClock, type PartitionedSource, tumbling } from "../../../runtime/index.ts";

export interface SteadyEvent {
  readonly key: string;
  readonly at: number;
  readonly value: number;
}
export interface Steady {
  readonly items: number;
  readonly keys: number;
}
export const parts = ["p0", "p1", "p2", "p3"];
const windowMs = 1000;

function eventOf(part: string, index: number, keys: number): SteadyEvent {
  return { key: `${part}-${(index * 7) % keys}`, at: index * 40, value: 1 + ((index * 31) % 97) };
}

function steadySource(items: number, keys: number, batch: number, paceMs: number): PartitionedSource<SteadyEvent, number> {
  return {
    kind: "partitioned",
    listParts: () => parts,
    buildPart(part, resume) {
      let next = resume ?? 0;
      let awake = 0;
      return {
        nextAwake: () => awake,
        nextBatch() {
          if (next >= items) return null;
          awake = Date.now() + paceMs;
          const taken: SteadyEvent[] = [];
          while (taken.length < batch && next < items) taken.push(eventOf(part, next++, keys));
          return taken;
        },
        snapshot: () => next,
        lag: () => items - next,
      };
    },
  };
}

export default function build(params: Readonly<Record<string, string>>): Dataflow {
  const number = (name: string, otherwise: number): number => Number(params[name] ?? otherwise);
  const flow = new Dataflow("steady");
  const source = steadySource(number("items", 200), number("keys", 10), number("batch", 5), number("paceMs", 50));
  const events = flow.input("in", source).keyBy("key", ({ key }) => key);
  events
    .statefulMap("sum", (sum: number | undefined, { value }) => [(sum ?? 0) + value, (sum ?? 0) + value])
    .map("sum-line", ([key, sum]) => [key, `${key} ${sum}`] as [string, string])
    .asKeyed()
    .output("sums", dirSink(`${params.directory}/sums`, { parts: 3 }));
  events
    .window("window", {
      clock: eventClock({ timestamp: ({ at }: SteadyEvent) => at, waitMs: Infinity }),
      windower: tumbling({ lengthMs: windowMs, alignTo: 0 }),
    })
    .fold(
      () => 0,
      (sum, { value }) => sum + value,
      (into, from) => into + from,
    )
    .down.map("window-line", ([key, [window, sum]]) => [key, `${key} ${window} ${sum}`] as [string, string])
    .asKeyed()
    .output("windows", dirSink(`${params.directory}/windows`, { parts: 2 }));
  events
    .countFinal("count")
    .map("count-line", ([key, count]) => [key, `${key} ${count}`] as [string, string])
    .asKeyed()
    .output("counts", dirSink(`${params.directory}/counts`, { parts: 1 }));
  return flow;
}

/** What an undisturbed run leaves in each directory: sorted lines. */
export function steadyLines({ items, keys }: Steady): Readonly<Record<"sums" | "windows" | "counts", string[]>> {
  const lines = { sums: [] as string[], windows: [] as string[], counts: [] as string[] };
  const windows = new Map<string, number>();
  for (const part of parts) {
    const sums = new Map<string, number>();
    const counts = new Map<string, number>();
    for (let index = 0; index < items; index++) {
      const { key, at, value } = eventOf(part, index, keys);
      sums.set(key, (sums.get(key) ?? 0) + value);
      counts.set(key, (counts.get(key) ?? 0) + 1);
      lines.sums.push(`${key} ${sums.get(key)}`);
      const window = `${key} ${Math.floor(at / windowMs)}`;
      windows.set(window, (windows.get(window) ?? 0) + value);
    }
    lines.counts.push(...[...counts].map(([key, count]) => `${key} ${count}`));
  }
  lines.windows.push(...[...windows].map(([window, sum]) => `${window} ${sum}`));
  for (const each of Object.values(lines)) each.sort();
  return lines;
}
