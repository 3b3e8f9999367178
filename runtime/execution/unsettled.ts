/**
 * What transactional sinks have prepared and no commit has settled yet, as far as process 0 was told. Whether a commit that was
 * under way when its execution ended has taken place is known for certain only after the next claim: nobody else can write
 * the manifest any more then. What it does not name by that time is given up.
 */
import type { Sealed } from "./messages.ts";
import type { Manifest } from "../recovery/types.ts";

type Prepared = readonly [step: string, value: unknown];

export interface Unsettled {
  add(sealed: Sealed): void;
  /** The snapshot of `epoch` is committed: what it covers is settled by its owner. */
  committed(execution: number, epoch: number): void;
  /** What no snapshot of the manifest covers. Call with a manifest that was just claimed. */
  takeVoid(manifest: Manifest): Prepared[];
}

export function createUnsettled(): Unsettled {
  let waiting: { readonly execution: number; readonly epoch: number; readonly prepared: readonly Prepared[] }[] = [];
  return {
    add({ execution, epoch, prepared }) {
      if (prepared.length > 0) waiting.push({ execution, epoch, prepared });
    },
    committed(execution, epoch) {
      waiting = waiting.filter((entry) => entry.execution !== execution || entry.epoch > epoch);
    },
    takeVoid(manifest) {
      const covered = (entry: { execution: number; epoch: number }): boolean =>
        manifest.snapshots.some((snapshot) => snapshot.execution === entry.execution && snapshot.epoch >= entry.epoch);
      const lost = waiting.filter((entry) => !covered(entry)).flatMap(({ prepared }) => prepared);
      waiting = [];
      return lost;
    },
  };
}
