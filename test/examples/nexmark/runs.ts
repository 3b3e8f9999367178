/** Runs queries into files, and reads their answers. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Event, eventAt } from "../../../examples/nexmark/events.ts";
import type { QueryName } from "../../../examples/nexmark/queries.ts";

/** A minute of an auction house. */
export const sample = { events: 6_000, seed: 7, eventsPerSecond: 100 };
export const sampleEvents = (): Event[] => Array.from({ length: sample.events }, (_, n) => eventAt(n, sample));

/** Queries whose rows replace each other: the last one of a key counts. */
const replacing: Partial<Record<QueryName, string>> = { q4: "category", q6: "seller" };

export function answerIn(directory: string, name: QueryName): string[] {
  const lines = readdirSync(directory).flatMap((file) => readFileSync(join(directory, file), "utf8").split("\n").slice(0, -1));
  const key = replacing[name];
  if (key === undefined) return lines.toSorted();
  const last = new Map<unknown, string>();
  for (const line of lines) last.set((JSON.parse(line) as Record<string, unknown>)[key], line);
  return [...last.values()].toSorted();
}
