// The last writes, for watchers that resume and for lists of an exact past revision.
// Invariant: every write after `compacted()` is here; of what was before, nothing is known.

import type { KubeObject } from "../json.ts";

export interface StoredEvent {
  type: "ADDED" | "MODIFIED" | "DELETED";
  revision: number;
  bucket: string;
  object: KubeObject;
  /** What was stored before, if anything. */
  previous: KubeObject | undefined;
}

export interface History {
  append(event: StoredEvent): void;
  /** The oldest revision from which a watch can still be resumed. */
  compacted(): number;
  /** Events of a bucket after `revision`, which must not be before `compacted()`. */
  since(bucket: string, revision: number): StoredEvent[];
  /** Forgets everything up to `revision`. */
  compact(revision: number): void;
}

export function openHistory(limit: number, start: number): History {
  let events: StoredEvent[] = [];
  let compacted = start;

  function compact(revision: number): void {
    events = events.filter((event) => event.revision > revision);
    compacted = Math.max(compacted, revision);
  }

  return {
    append(event) {
      events.push(event);
      // Cut a quarter at a time, so that the cost of the cut is spread over many writes.
      if (events.length > limit * 1.25) compact(events[events.length - limit - 1]!.revision);
    },
    compacted: () => compacted,
    since(bucket, revision) {
      let low = 0;
      let high = events.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (events[middle]!.revision <= revision) low = middle + 1;
        else high = middle;
      }
      return events.slice(low).filter((event) => event.bucket === bucket);
    },
    compact,
  };
}
