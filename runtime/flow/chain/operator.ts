/** A fused chain as one timely operator. */
import type { Lowering } from "../lowering.ts";
import { stopwatch } from "../metrics.ts";
import { chunkOperator, pipelined, type ChunkScope, type ChunkStream } from "../operator.ts";
import { createChainRunner, outletsOf } from "./runner.ts";
import type { Chain } from "./stage.ts";

/** One stream per outlet; one that stays empty when records never leave the chain. */
export function chainOperator(lowering: Lowering, scope: ChunkScope, chain: Chain, streams: readonly ChunkStream[]): ChunkStream[] {
  const spec = {
    name: nameOf(chain),
    inputs: streams.map((stream) => ({ stream, pact: pipelined })),
    outputs: outletsOf(chain),
  };
  return chunkOperator(scope, spec, (_context, inputs, outputs) => {
    const runner = createChainRunner(lowering, scope.index, chain);
    return () => {
      if (lowering.stopped) return;
      const start = stopwatch();
      for (const input of inputs) {
        input.forEach((capability, batch) => {
          const epoch = epochOf(capability.time);
          for (const chunk of batch) runner.run(chunk, epoch);
          runner.send((outlet, chunks) => outputs[outlet]!.giveBatch(capability, chunks));
        });
      }
      runner.share((stopwatch() - start) / 1000);
    };
  });
}

export const nameOf = (chain: Chain): string => chain.stages.map((stage) => stage.step).join("+");

/** The outermost coordinate: inside of loops times are pairs. */
export function epochOf(time: unknown): number {
  let at = time;
  while (typeof at !== "number") at = (at as readonly [unknown, number])[0];
  return at;
}
