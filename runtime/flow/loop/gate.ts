/**
 * The gate of a loop: a stream without records whose frontier is that of everything that comes into the loop from outside.
 * What goes round does not hold it up, so that a step inside can tell an epoch that is still open outside from one that only
 * has to run dry; and the end of input from the end of the loop.
 */
import type { Lowering } from "../lowering.ts";
import type { StepMetrics } from "../metrics.ts";
import { chunkOperator, pipelined, type ChunkScope, type ChunkStream } from "../operator.ts";

export function loopGate(
  lowering: Lowering,
  scope: ChunkScope,
  metrics: StepMetrics,
  streams: readonly ChunkStream[],
): ChunkStream {
  const spec = { name: `${metrics.step}.gate`, inputs: streams.map((stream) => ({ stream, pact: pipelined })), outputs: 1 };
  const [gate] = chunkOperator(scope, spec, (_context, inputs) =>
    lowering.guard(metrics, () => {
      for (const input of inputs) input.forEach(() => undefined);
    }),
  );
  return gate!;
}
