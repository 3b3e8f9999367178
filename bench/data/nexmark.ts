/**
 * What everybody who answers a query of Nexmark agrees on: the events, those of examples/nexmark, and what is left of an answer, so
 * that it can be compared. Rows come in any order; as in the example each is JSON.
 */
import type { EventOptions } from "../../examples/nexmark/events.ts";

export type MeasuredQuery = "q3" | "q5" | "q8";

export const eventOptions: EventOptions = { seed: 1, eventsPerSecond: 1_000 };

/** How many rows, and the sum of their hashes mod 2³². */
export interface Answer {
  rows: number;
  checksum: number;
}

export const nothing = (): Answer => ({ rows: 0, checksum: 0 });

export function addRow(answer: Answer, json: string): void {
  answer.rows++;
  answer.checksum = (answer.checksum + hashOf(json)) >>> 0;
}

/** As Java's String.hashCode, which peers have at hand. */
function hashOf(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}
