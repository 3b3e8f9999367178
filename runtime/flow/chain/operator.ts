/** A fused chain as one timely operator. */
import type { Lowering } from "../lowering.ts";
import { stopwatch } from "../metrics.ts";
import type { Chunk } from "../chunk.ts";
import { chunkOperator, pipelined, type ChunkScope, type ChunkStream } from "../operator.ts";
import { compileChain } from "./compile.ts";
import type { Chain } from "./stage.ts";

/** One stream per outlet; one that stays empty when records never leave the chain. */
export function chainOperator(lowering: Lowering, scope: ChunkScope, chain: Chain, streams: readonly ChunkStream[]): ChunkStream[] {
  const { stages } = chain;
  const outlets = Math.max(1, chain.outlets.length);
  const spec = {
    name: stages.map((stage) => stage.step).join("+"),
    inputs: streams.map((stream) => ({ stream, pact: pipelined })),
    outputs: outlets,
  };
  return chunkOperator(scope, spec, (_context, inputs, outputs) => {
    /** What the batch at hand has become, by outlet. */
    const emitted: Chunk[][] = Array.from({ length: outlets }, () => []);
    const run = compileChain(chain, {
      worker: scope.index,
      emit: (outlet, keys, values) => void emitted[outlet]!.push({ keys, values }),
      fail: (error) => lowering.fail(error),
    });
    const before = new Float64Array(stages.length);
    /** The chain's time goes to its steps by the records that each of them took. */
    const share = (seconds: number): void => {
      let total = 0;
      for (let i = 0; i < stages.length; i++) total += stages[i]!.metrics.recordsIn - before[i]!;
      for (let i = 0; i < stages.length; i++) {
        const { metrics } = stages[i]!;
        if (total > 0) metrics.busySeconds += (seconds * (metrics.recordsIn - before[i]!)) / total;
        before[i] = metrics.recordsIn;
      }
    };
    return () => {
      if (lowering.stopped) return;
      const start = stopwatch();
      for (const input of inputs) {
        input.forEach((capability, batch) => {
          const epoch = epochOf(capability.time);
          for (let i = 0; i < batch.length && !lowering.stopped; i++) run(batch[i]!, epoch);
          for (let outlet = 0; outlet < outlets; outlet++) {
            if (emitted[outlet]!.length === 0) continue;
            outputs[outlet]!.giveBatch(capability, emitted[outlet]!);
            emitted[outlet] = [];
          }
        });
      }
      share((stopwatch() - start) / 1000);
    };
  });
}

/** The outermost coordinate: inside of loops times are pairs. */
export function epochOf(time: unknown): number {
  let at = time;
  while (typeof at !== "number") at = (at as readonly [unknown, number])[0];
  return at;
}
