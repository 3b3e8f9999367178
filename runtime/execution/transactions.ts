/**
 * What transactional sinks have prepared, as far as process 0 was told: it is settled behind the commit that names it, and given
 * up when no commit ever will.
 *
 * Invariant: nothing is given up that a manifest may still come to name. Whether a commit that was under way when its execution
 * ended has taken place is known for certain only after the next claim: nobody else can write the manifest any more then.
 */
import { asWeirError, type WeirError } from "../errors/index.ts";
import type { Sealed } from "./messages.ts";
import type { Manifest, Snapshot } from "../recovery/types.ts";

type Prepared = readonly [step: string, value: unknown];

export interface TransactionsOptions {
  /** Makes what a transactional sink prepared visible; called again after a resume. */
  readonly settle: (prepared: readonly Prepared[]) => Promise<void>;
  /** Gives up what a transactional sink prepared and no commit will ever name. */
  readonly abandon: (prepared: readonly Prepared[]) => Promise<void>;
}

export interface Transactions {
  prepared(sealed: Sealed): void;
  /** The snapshot is committed: settles all that its processes have prepared for it, or rejects. */
  committed(snapshot: Snapshot): Promise<void>;
  /** The manifest was just claimed, to go on from the snapshot: gives up what it does not name, and settles once more what it does. */
  claimed(manifest: Manifest, snapshot: Snapshot | undefined): Promise<void>;
}

/** @param onTrouble something could not be given up; the flow does without */
export function createTransactions(options: TransactionsOptions, onTrouble: (error: WeirError) => void): Transactions {
  let waiting: { readonly execution: number; readonly epoch: number; readonly prepared: readonly Prepared[] }[] = [];
  const settle = ({ prepared }: Snapshot): Promise<void> => options.settle((prepared ?? []) as readonly Prepared[]);
  return {
    prepared({ execution, epoch, prepared }) {
      if (prepared.length > 0) waiting.push({ execution, epoch, prepared });
    },
    committed(snapshot) {
      waiting = waiting.filter((entry) => entry.execution !== snapshot.execution || entry.epoch > snapshot.epoch);
      return settle(snapshot);
    },
    async claimed(manifest, snapshot) {
      const covered = (entry: { execution: number; epoch: number }): boolean =>
        manifest.snapshots.some((other) => other.execution === entry.execution && other.epoch >= entry.epoch);
      const lost = waiting.filter((entry) => !covered(entry)).flatMap(({ prepared }) => prepared);
      waiting = [];
      // The sink's side will forget it by itself some day: no reason to keep the flow from running.
      await options
        .abandon(lost)
        .catch((error: unknown) => onTrouble(asWeirError(error, "WEIR_SINK_FAILED", "what was prepared could not be aborted")));
      if (snapshot?.prepared !== undefined) await settle(snapshot);
    },
  };
}
