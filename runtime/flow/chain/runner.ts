/** A chain at work inside of an operator: what its chunks have become waits by outlet until it is sent, and its time goes to its steps. */
import type { Chunk } from "../chunk.ts";
import type { LazyBatch } from "../lazy-batch.ts";
import type { Lowering } from "../lowering.ts";
import { compileChain } from "./compile.ts";
import type { Chain } from "./stage.ts";

export interface ChainRunner {
  /** Does nothing once the flow has stopped. */
  run(chunk: Chunk, epoch: number): void;
  runLazy(batch: LazyBatch, epoch: number): void;
  /** Hands over all that has been emitted since the last call, an array of chunks for each outlet that has some. */
  send(give: (outlet: number, chunks: Chunk[]) => void): void;
  /** Shares time out to the steps, by the records that each of them took since the last call. */
  share(seconds: number): void;
}

/** Streams that leave the chain; one that stays empty when records never do. */
export const outletsOf = ({ outlets }: Chain): number => Math.max(1, outlets.length);

/**
 * @param source step whose batches the chain reads itself, if it does
 * @param onEmit called for each chunk that leaves
 */
export function createChainRunner(
  lowering: Lowering,
  worker: number,
  chain: Chain,
  source?: string,
  onEmit?: (chunk: Chunk) => void,
): ChainRunner {
  const { stages } = chain;
  const emitted: Chunk[][] = Array.from({ length: outletsOf(chain) }, () => []);
  const before = new Float64Array(stages.length);
  const compiled = compileChain(chain, {
    worker,
    source,
    emit(outlet, keys, values) {
      const chunk = { keys, values };
      emitted[outlet]!.push(chunk);
      onEmit?.(chunk);
    },
    fail: (error) => lowering.fail(error),
  });
  return {
    run(chunk, epoch) {
      if (!lowering.stopped) compiled.run(chunk, epoch);
    },
    runLazy(batch, epoch) {
      if (!lowering.stopped) compiled.runLazy(batch, epoch);
    },
    send(give) {
      for (let outlet = 0; outlet < emitted.length; outlet++) {
        const chunks = emitted[outlet]!;
        if (chunks.length === 0) continue;
        emitted[outlet] = [];
        give(outlet, chunks);
      }
    },
    share(seconds) {
      let total = 0;
      for (let i = 0; i < stages.length; i++) total += stages[i]!.metrics.recordsIn - before[i]!;
      for (let i = 0; i < stages.length; i++) {
        const { metrics } = stages[i]!;
        if (total > 0) metrics.busySeconds += (seconds * (metrics.recordsIn - before[i]!)) / total;
        before[i] = metrics.recordsIn;
      }
    },
  };
}
