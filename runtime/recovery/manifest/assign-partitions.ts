/**
 * The table partition → worker. Invariants: the numbers of partitions of two workers differ by at most one, and as few
 * partitions change hands as that allows.
 */

/**
 * @param previous the table that was in force, for other numbers of workers; entries of workers that are gone are free
 * @param workers at least 1
 */
export function assignPartitions(partitions: number, previous: readonly number[] | undefined, workers: number): number[] {
  const floor = Math.floor(partitions / workers);
  const held = Array.from({ length: workers }, () => 0);
  for (let partition = 0; partition < partitions; partition += 1) {
    const worker = previous?.[partition];
    if (worker !== undefined && worker < workers) held[worker] = (held[worker] as number) + 1;
  }
  // The larger shares go to those who hold most already: each of them keeps one more.
  const byHeld = held.map((_, worker) => worker).toSorted((a, b) => (held[b] as number) - (held[a] as number) || a - b);
  const share = held.map(() => floor);
  for (const worker of byHeld.slice(0, partitions % workers)) share[worker] = floor + 1;

  const taken = held.map(() => 0);
  const assignment = Array.from({ length: partitions }, () => -1);
  for (let partition = 0; partition < partitions; partition += 1) {
    const worker = previous?.[partition];
    if (worker === undefined || worker >= workers || (taken[worker] as number) >= (share[worker] as number)) continue;
    assignment[partition] = worker;
    taken[worker] = (taken[worker] as number) + 1;
  }
  // What is free goes round among those who lack some, so that neighbouring partitions spread.
  let next = 0;
  for (let partition = 0; partition < partitions; partition += 1) {
    if (assignment[partition] !== -1) continue;
    while ((taken[next] as number) >= (share[next] as number)) next = (next + 1) % workers;
    assignment[partition] = next;
    taken[next] = (taken[next] as number) + 1;
    next = (next + 1) % workers;
  }
  return assignment;
}
