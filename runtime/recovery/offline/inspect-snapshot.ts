/** What a snapshot holds: per step how many keys and bytes, and the positions of sources and sinks. Reads and so checks all its files. */
import { rowKind } from "../rows.ts";
import type { Snapshot, Store } from "../types.ts";
import { chooseFrom } from "./choose.ts";
import { mergedRows } from "./merged-rows.ts";

export interface StepContent {
  readonly step: string;
  readonly keys: number;
  /** Keys and values, uncompressed. */
  readonly bytes: number;
}
export interface PartContent {
  readonly step: string;
  readonly part: string;
  /** As the execution encoded it. */
  readonly value: Uint8Array;
}
export interface SnapshotContent {
  readonly snapshot: Snapshot;
  readonly partitions: number;
  readonly steps: readonly StepContent[];
  readonly parts: readonly PartContent[];
}

/** @param epoch default the newest. @throws WEIR_SNAPSHOT_NOT_RETAINED, WEIR_SNAPSHOT_MISSING, WEIR_SNAPSHOT_DAMAGED */
export async function inspectSnapshot(store: Store, epoch?: number): Promise<SnapshotContent> {
  const { found, snapshot } = await chooseFrom(store, epoch);
  const { partitions } = found.manifest;
  const steps = new Map<string, { keys: number; bytes: number }>();
  const parts: PartContent[] = [];
  for await (const rows of mergedRows(store, snapshot, partitions)) {
    rows.forEach((kind, _partition, step, key, value) => {
      if (kind === rowKind.part) {
        parts.push({ step, part: key.toString("utf8"), value: Uint8Array.from(value ?? []) });
        return;
      }
      let content = steps.get(step);
      if (content === undefined) steps.set(step, (content = { keys: 0, bytes: 0 }));
      content.keys += 1;
      content.bytes += key.byteLength + (value?.byteLength ?? 0);
    });
  }
  const contents = [...steps].map(([step, content]) => ({ step, ...content }));
  return { snapshot, partitions, steps: contents.toSorted((a, b) => (a.step < b.step ? -1 : 1)), parts };
}
