/**
 * Who reads which part of a source. Parts go to the worker that reads the fewest so far, in sorted order, so that the table
 * depends on nothing but the parts and the number of workers, and no two workers differ by more than one part.
 */
export interface PartAssignment {
  /** Assigns parts that are new; returns them with their worker. */
  add(step: string, parts: Iterable<string>): (readonly [part: string, worker: number])[];
  workerOf(step: string, part: string): number | undefined;
}

export function createPartAssignment(workers: number): PartAssignment {
  const load = Array.from({ length: workers }, () => 0);
  const owners = new Map<string, Map<string, number>>();
  return {
    add(step, parts) {
      let known = owners.get(step);
      if (known === undefined) owners.set(step, (known = new Map()));
      const added: (readonly [string, number])[] = [];
      for (const part of [...new Set(parts)].toSorted()) {
        if (known.has(part)) continue;
        let worker = 0;
        for (let candidate = 1; candidate < workers; candidate++) if (load[candidate]! < load[worker]!) worker = candidate;
        load[worker]!++;
        known.set(part, worker);
        added.push([part, worker]);
      }
      return added;
    },
    workerOf: (step, part) => owners.get(step)?.get(part),
  };
}
