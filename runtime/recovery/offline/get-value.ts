/** One key's state out of a snapshot. */
import { loadSnapshot } from "../load/index.ts";
import { forEachRow } from "../rows.ts";
import type { Store } from "../types.ts";
import { chooseFrom } from "./choose.ts";

/** The hash that the manifest names, as the flow routes keys. */
export type PartitionOf = (key: string, partitions: number) => number;

/**
 * @param epoch default the newest
 * @returns the bytes as the step encoded them, or undefined when the key has no state
 * @throws WEIR_SNAPSHOT_NOT_RETAINED, WEIR_SNAPSHOT_MISSING, WEIR_SNAPSHOT_DAMAGED
 */
export async function getValue(
  store: Store,
  step: string,
  key: string,
  partitionOf: PartitionOf,
  epoch?: number,
): Promise<Uint8Array | undefined> {
  const { found, snapshot } = await chooseFrom(store, epoch);
  const home = partitionOf(key, found.manifest.partitions);
  let result: Uint8Array | undefined;
  const wanted = { partitions: (partition: number) => partition === home, parts: false, steps: (id: string) => id === step };
  for await (const batch of loadSnapshot(store, snapshot, wanted)) {
    forEachRow(batch, {
      state(_step, _partition, each, value) {
        if (each === key) result = value === undefined ? undefined : Uint8Array.from(value);
      },
    });
  }
  return result;
}
