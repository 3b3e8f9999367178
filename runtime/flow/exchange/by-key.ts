/**
 * Records to the worker that owns their key's partition. A chunk is split in front of the channel, one piece per worker; the
 * channel then looks at one key per piece. With one worker nothing is hashed, split or copied.
 */
import { chunkRecords, keyed } from "../chunk.ts";
import type { Lowering } from "../lowering.ts";
import { chunkOperator, pipelined, type ChunkPact, type ChunkScope, type ChunkStream } from "../operator.ts";

export interface KeyRouted {
  readonly stream: ChunkStream;
  readonly pact: ChunkPact;
}

/** The input of a keyed step. `step` is named when a record has no key. */
export function keyExchange(lowering: Lowering, scope: ChunkScope, stream: ChunkStream, step: string): KeyRouted {
  const { peers } = scope;
  if (peers === 1) return { stream, pact: pipelined };
  const { routing } = lowering.runtime;
  const owner = (key: string) => routing.workerOf(routing.partitionOf(key));
  return splitBy(lowering, scope, stream, step, owner);
}

/** Splits chunks by the worker that `target` gives for each key. */
export function splitBy(
  lowering: Lowering,
  scope: ChunkScope,
  stream: ChunkStream,
  step: string,
  target: (key: string) => number,
): KeyRouted {
  const { peers } = scope;
  const spec = { name: `${step}.exchange`, inputs: [{ stream, pact: pipelined }], outputs: 1 };
  const metrics = lowering.metrics.find((one) => one.step === step)!;
  const [split] = chunkOperator(scope, spec, (_context, [input], [output]) => {
    const keys: string[][] = Array.from({ length: peers }, () => []);
    const values: unknown[][] = Array.from({ length: peers }, () => []);
    return lowering.guard(metrics, () => {
      input!.forEach((capability, batch) => {
        const send = (worker: number): void => {
          const piece = { keys: keys[worker]!, values: values[worker]! };
          keys[worker] = [];
          values[worker] = [];
          output!.giveBatch(capability, [piece]);
        };
        for (const chunk of batch) {
          const from = keyed(chunk, step);
          for (let i = 0; i < from.values.length; i++) {
            const key = from.keys[i]!;
            const worker = target(key);
            keys[worker]!.push(key);
            if (values[worker]!.push(from.values[i]) >= chunkRecords) send(worker);
          }
        }
        for (let worker = 0; worker < peers; worker++) if (values[worker]!.length > 0) send(worker);
      });
    });
  });
  return { stream: split!, pact: { kind: "to", to: (chunk) => target(chunk.keys![0]!) } };
}
