/**
 * Records to the worker that owns their key's partition. A chunk is split in front of the channel, one piece per worker, which
 * names keys by ids where they repeat (key-splitter.ts). With one worker nothing is hashed, split or copied.
 */
import { keyed, type Chunk } from "../chunk.ts";
import type { Lowering } from "../lowering.ts";
import { chunkOperator, pipelined, type ChunkInputSpec, type ChunkScope, type ChunkStream } from "../operator.ts";
import { createKeyReader, createKeySplitter } from "./key-splitter.ts";

/** The input of an operator. */
export type KeyRouted = ChunkInputSpec;

/** The input of a keyed step. `step` is named when a record has no key. */
export function keyExchange(lowering: Lowering, scope: ChunkScope, stream: ChunkStream, step: string): KeyRouted {
  const { peers } = scope;
  if (peers === 1) return { stream, pact: pipelined };
  const { routing } = lowering.runtime;
  const owner = (key: string) => routing.workerOf(routing.partitionOf(key));
  return splitBy(lowering, scope, stream, step, owner);
}

/** Splits chunks by the worker that `target` gives for each key, always the same one. */
export function splitBy(
  lowering: Lowering,
  scope: ChunkScope,
  stream: ChunkStream,
  step: string,
  target: (key: string) => number,
): KeyRouted {
  const { peers, index } = scope;
  const spec = { name: `${step}.exchange`, inputs: [{ stream, pact: pipelined }], outputs: 1 };
  const metrics = lowering.metrics.find((one) => one.step === step)!;
  /** The channel asks for it while the piece is sent. */
  let to = index;
  const [split] = chunkOperator(scope, spec, (_context, [input], [output]) => {
    const splitKeys = createKeySplitter(index, peers, target);
    return lowering.guard(metrics, () => {
      input!.forEach((capability, batch) => {
        for (const chunk of batch) {
          const { keys, values } = keyed(chunk, step);
          splitKeys(keys, values, (worker, piece) => {
            to = worker;
            output!.giveBatch(capability, [piece as Chunk]);
          });
        }
      });
    });
  });
  return { stream: split!, pact: { kind: "to", to: () => to }, open: () => createKeyReader(peers) };
}
