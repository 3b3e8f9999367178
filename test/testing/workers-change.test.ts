/**
 * State in flight when the number of workers changes, 3 → 5 → 1: open windows, half joins and running sums. Each run dies at
 * an ABORT somewhere in its input; what the sinks hold at the end is what a plain loop computes.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Dataflow, dirSink, eventClock, tumbling } from "../../runtime/index.ts";
import { ABORT, runMain, testSource } from "../../runtime/testing/index.ts";
import { scratch, type Scratch } from "./runs.ts";

interface Event {
  readonly key: string;
  readonly at: number;
  readonly value: number;
}
let disk: Scratch;
beforeEach(() => void (disk = scratch()));
afterEach(() => disk.remove());

/** Source s has keys of its own, so that the order of a key's events is known. */
function eventsOf(source: number): Event[] {
  return Array.from({ length: 90 }, (_, at) => ({
    key: `s${source}k${(at * 7) % 11}`,
    at: at * 10 + ((at * 13) % 25),
    value: 1 + ((at * source) % 17),
  }));
}
const sources = [0, 1, 2].map(eventsOf);
const windowMs = 100;

function build(): Dataflow {
  const flow = new Dataflow("changing");
  const inputs = sources.map((events, source) => {
    const items: (Event | typeof ABORT)[] = [...events];
    // Source 0 dies in the first run, source 2 in the second.
    if (source === 0) items.splice(30, 0, ABORT);
    if (source === 2) items.splice(60, 0, ABORT);
    return flow.input(`in-${source}`, testSource(items, { batchSize: 3 })).keyBy(`key-${source}`, ({ key }) => key);
  });
  const [first, second, third] = inputs.map((input, source) =>
    input
      .statefulMap(`sum-${source}`, (sum: number | undefined, { value }) => [(sum ?? 0) + value, `${(sum ?? 0) + value}`])
      .map(`sum-line-${source}`, ([key, sum]) => [key, `${key} ${sum}`] as [string, string])
      .asKeyed(),
  );
  for (const [source, sums] of [first!, second!, third!].entries())
    sums.output(`sums-${source}`, dirSink(join(disk.directory, `sums-${source}`), { parts: 2 }));
  for (const [source, input] of inputs.entries()) {
    input
      .window(`window-${source}`, {
        clock: eventClock({ timestamp: ({ at }: Event) => at, waitMs: 50 }),
        windower: tumbling({ lengthMs: windowMs, alignTo: 0 }),
      })
      .fold(
        () => [] as number[],
        (values, { value }) => [...values, value],
        (into, from) => [...into, ...from],
      )
      .down.map(
        `window-line-${source}`,
        ([key, [window, values]]) => [key, `${key} ${window} ${values.join("+")}`] as [string, string],
      )
      .asKeyed()
      .output(`windows-${source}`, dirSink(join(disk.directory, `windows-${source}`), { parts: 3 }));
  }
  // Keys of source 0 and their namesakes of source 1, whose sides come at different times.
  const named = inputs[1]!.map("rename", ([key, event]) => [key.replace("s1", "s0"), event.value] as [string, number]).asKeyed();
  inputs[0]!
    .mapValue("value", ({ value }) => value)
    .join("join", [named], { insert: "product", emit: "final" })
    .map("join-line", ([key, [left, right]]) => [key, `${key} ${left} ${right}`] as [string, string])
    .asKeyed()
    .output("joins", dirSink(join(disk.directory, "joins"), { parts: 2 }));
  return flow;
}
const lines = (name: string): string[] =>
  readdirSync(join(disk.directory, name))
    .flatMap((file) =>
      readFileSync(join(disk.directory, name, file), "utf8")
        .split("\n")
        .slice(0, -1),
    )
    .toSorted();

test("3 → 5 → 1 workers: no key is lost or doubled", async () => {
  const options = { epochMs: 0, now: () => 0, recovery: { store: disk.store, snapshotMs: 0, partitions: 16 } };
  const flow = build();
  const written: number[] = [];
  for (const workers of [3, 5, 1]) {
    await runMain(flow, { ...options, workers });
    written.push(lines("sums-0").length + lines("sums-2").length);
  }
  // Both deaths were real: something came before each, and something was left for the run after it.
  expect(written[0]).toBeLessThan(written[1]!);
  expect(written[1]).toBeLessThan(written[2]!);
  expect(disk.manifest().topology).toEqual({ processes: 1, threads: 1 });

  for (const [source, events] of sources.entries()) {
    const sums = new Map<string, number>();
    const expected = events.map(({ key, value }) => {
      sums.set(key, (sums.get(key) ?? 0) + value);
      return `${key} ${sums.get(key)}`;
    });
    expect(lines(`sums-${source}`)).toEqual(expected.toSorted());

    const windows = new Map<string, Event[]>();
    const watermarks = new Map<string, number>();
    for (const event of events) {
      const { key, at } = event;
      const window = Math.floor(at / windowMs);
      if (at < (watermarks.get(key) ?? -Infinity)) continue;
      watermarks.set(key, Math.max(watermarks.get(key) ?? -Infinity, at - 50));
      const name = `${key} ${window}`;
      windows.set(name, [...(windows.get(name) ?? []), event]);
    }
    const folded = [...windows].map(
      ([name, all]) =>
        `${name} ${all
          .toSorted((a, b) => a.at - b.at)
          .map(({ value }) => value)
          .join("+")}`,
    );
    expect(lines(`windows-${source}`)).toEqual(folded.toSorted());
  }

  const joined = sources[0]!.flatMap((left) =>
    sources[1]!
      .filter(({ key }) => key.replace("s1", "s0") === left.key)
      .map((right) => `${left.key} ${left.value} ${right.value}`),
  );
  expect(lines("joins")).toEqual(joined.toSorted());
});
