/**
 * Processes that are connected and in no execution: process 0 tells them that they stand by, what would be theirs if the flow
 * were rescaled to all who are here, and when it is over.
 *
 * Invariant: whoever is connected is known here, in the topology or not; who of them stands by follows from the topology alone.
 */
import type { Outcome } from "./messages.ts";
import type { Network } from "./network.ts";
import type { Ownership } from "./ownership.ts";
import { partitionsOf } from "./snapshot-files.ts";

export interface Bystanders {
  came(process: number): void;
  went(process: number): void;
  isHere(process: number): boolean;
  /** Says what a rescale would bring, to one of those who stand by or to all of them. */
  offer(only?: number): void;
  /** The flow is over for those too who are in no execution now. */
  end(outcome: Outcome): void;
}

export function createBystanders(network: Network, ownership: Ownership): Bystanders {
  const present = new Set<number>();
  return {
    came: (process) => void present.add(process),
    went: (process) => void present.delete(process),
    isHere: (process) => process === network.process || present.has(process),
    offer(only) {
      const { topology, partitions, manifest, base } = ownership;
      const outside = [...present].filter((process) => process >= topology.processes);
      if (outside.length === 0) return;
      const { threads } = topology;
      const workers = (Math.max(...outside) + 1) * threads;
      const table = manifest === undefined || base === undefined || workers > partitions ? undefined : ownership.assign(workers);
      for (const process of only === undefined ? outside : [only]) {
        const outlook = table && base && { snapshot: base, partitions: partitionsOf(table, process, threads) };
        network.send(process, outlook === undefined ? { kind: "standby" } : { kind: "standby", outlook });
      }
    },
    end(outcome) {
      for (const process of present) network.send(process, { kind: "end", execution: ownership.execution, outcome });
    },
  };
}
