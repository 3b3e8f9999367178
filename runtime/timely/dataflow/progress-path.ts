/**
 * The way of a worker's batches of progress to the others. Between few workers it is direct; between many, where each would send to
 * each, all batches go to one worker, which adds them up (Naiad's accumulator: Murray et al., 2013, section 3.3):
 *
 *   direct        w ──▶ every other worker                        N² messages a round, one hop
 *   accumulated   w ──▶ worker 0, the accumulator ──▶ everybody   2N messages a round, two hops
 *
 * Why no frontier runs ahead (Abadi et al., 2013): what a worker may be shown is, for each worker, the batches that it has reported
 * up to some point, each of them whole. That holds, since
 *  - batches of one worker stay in order. All of them take the same way, which follows from the number of workers alone: one that went
 *    directly could overtake one that did not;
 *  - what the accumulator sends is the sum of whole batches in the order in which they came, applied as one event;
 *  - a worker's own batch is applied when it comes back within such a sum, and only then, so it is applied once. Until then the worker
 *    sees less than it has done, as it sees less than others have done.
 *
 * Why none stays behind: the accumulator knows all that was reported and holds a sum back only while no frontier of anybody would
 * move by it. And why nothing is missing at the end: it ends a dataflow when nothing is outstanding by what it has sent to all; who is
 * shown the same ends it as well, and nobody has anything to report any more.
 */
export type ProgressPath = "direct" | "to the accumulator" | "accumulator";

/** The worker that adds up what all report. */
export const accumulator = 0;

/**
 * Four workers take as much processor time either way, eight two thirds of it when they go through one of them (`bench -- scaling`).
 * Between two it would only be slower: a round of `bench -- barrier` takes as long as its hops.
 */
const manyWorkers = 8;

/** `many` has to be the same on all workers. */
export function progressPath(index: number, peers: number, many = manyWorkers): ProgressPath {
  if (peers === 1 || peers < many) return "direct";
  return index === accumulator ? "accumulator" : "to the accumulator";
}
