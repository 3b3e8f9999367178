/**
 * What processes read before a rescale, while the flow goes on: whoever will gain partitions is told which, reads them from the
 * newest snapshot, and says so. It shortens the time for which the flow stands still and binds nobody.
 *
 * Invariant: who goes away has read nothing, so that nobody is taken for ready by what an earlier life of it has read.
 */
import type { Topology } from "../recovery/types.ts";
import type { Network } from "./network.ts";
import type { Ownership } from "./ownership.ts";
import { partitionsOf } from "./snapshot-files.ts";

export interface ReadAhead {
  /** Resolves when all who are here and will gain partitions have read the newest snapshot, or have had time enough for it. */
  prepare(to: Topology): Promise<void>;
  /** The rescale came to nothing: what was read is forgotten. */
  forget(): void;
  reached(process: number, epoch: number): void;
  went(process: number): void;
}

/** How long a rescale waits for those who read, in milliseconds. */
const patienceMs = 5000;

export function createReadAhead(options: {
  readonly network: Network;
  readonly ownership: Ownership;
  readonly isHere: (process: number) => boolean;
  readonly sleep: (ms: number) => Promise<void>;
}): ReadAhead {
  const { network, ownership, isHere } = options;
  /** Up to which epoch a process has read. */
  const read = new Map<number, number>();
  let changed: () => void = () => {};

  /** Tells those who will gain partitions which; returns who they are. */
  const tell = (to: Topology, now: readonly number[], snapshot: NonNullable<Ownership["base"]>): readonly number[] => {
    const next = ownership.assign(to.processes * to.threads);
    const gaining: number[] = [];
    for (let process = 0; process < to.processes; process++) {
      const had = new Set(partitionsOf(now, process, ownership.topology.threads));
      const gained = partitionsOf(next, process, to.threads).filter((partition) => !had.has(partition));
      if (gained.length === 0) continue;
      gaining.push(process);
      network.send(process, { kind: "outlook", snapshot, partitions: gained });
    }
    return gaining;
  };

  return {
    async prepare(to) {
      const { manifest, base } = ownership;
      if (manifest === undefined || base === undefined) return;
      const gaining = tell(to, manifest.assignment, base);
      const behind = (): boolean => gaining.some((process) => isHere(process) && (read.get(process) ?? -1) < base.epoch);
      let late = false;
      const timer = behind() ? options.sleep(patienceMs).then(() => (late = true)) : undefined;
      while (!late && behind()) await Promise.race([timer, new Promise<void>((resolve) => (changed = resolve))]);
    },
    forget() {
      for (let process = 0; process < ownership.topology.processes; process++) {
        network.send(process, { kind: "outlook", snapshot: ownership.base!, partitions: [] });
      }
    },
    reached(process, epoch) {
      read.set(process, epoch);
      changed();
    },
    went(process) {
      read.delete(process);
      changed();
    },
  };
}
