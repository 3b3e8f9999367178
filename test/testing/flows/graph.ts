/** Connected components and shortest paths over two streams of edges, each with an ABORT in it. */
import { join } from "node:path";
import { Dataflow, dirSink } from "../../../runtime/index.ts";
import { ABORT, testSource } from "../../../runtime/testing/index.ts";
import { createRandom } from "../../simulation/random.ts";
import { components, distancesFrom, type Edge, randomEdges, relax } from "../../flow/loop/graphs.ts";

const random = createRandom(11);
export const edges = randomEdges(() => random.next(), 90, 40);

/** Results are lines "node best" in `directory`/components and `directory`/distances: a node's improvements, the last of them right. */
export function build(directory: string): Dataflow {
  const flow = new Dataflow("graph");
  const [first, second] = [edges.slice(0, 45), edges.slice(45)].map((some, source) => {
    const items: (Edge | typeof ABORT)[] = [...some];
    items.splice(source === 0 ? 16 : 32, 0, ABORT);
    return flow.input(`edges-${source}`, testSource(items, { batchSize: 4 }));
  });
  const all = first!.merge("edges", second!);
  for (const [step, algorithm] of [["components", components] as const, ["distances", distancesFrom(3)] as const]) {
    relax(all, algorithm, step)
      .map(`${step} line`, ([node, best]) => [node, `${node} ${best}`] as [string, string])
      .asKeyed()
      .output(`${step} files`, dirSink(join(directory, step), { parts: 3 }));
  }
  return flow;
}
