/** redistribute and broadcast: records to all workers in turn, or to every one of them. */
import type { Lowering } from "../lowering.ts";
import type { StepMetrics } from "../metrics.ts";
import { chunkOperator, pipelined, type ChunkPact, type ChunkScope, type ChunkStream } from "../operator.ts";

/**
 * Each chunk is cut into a piece per worker. Pieces that are one record longer go round, so that single records, too, end up
 * evenly spread.
 */
export function redistribute(lowering: Lowering, scope: ChunkScope, metrics: StepMetrics, stream: ChunkStream): ChunkStream {
  const { peers, index } = scope;
  if (peers === 1) return counted(lowering, scope, metrics, stream, pipelined);
  const spec = { name: `${metrics.step}.cut`, inputs: [{ stream, pact: pipelined }], outputs: 1 };
  // Workers begin with different ones. The channel asks for the target while the piece is sent.
  let first = index;
  let target = 0;
  const [pieces] = chunkOperator(scope, spec, (_context, [input], [output]) =>
    lowering.guard(metrics, () => {
      input!.forEach((capability, batch) => {
        for (const { keys, values } of batch) {
          const longer = values.length % peers;
          const size = Math.floor(values.length / peers);
          for (let piece = 0, from = 0; from < values.length; piece++) {
            const to = from + size + (piece < longer ? 1 : 0);
            target = (first + piece) % peers;
            output!.giveBatch(capability, [{ keys: keys?.slice(from, to), values: values.slice(from, to) }]);
            from = to;
          }
          first = (first + longer) % peers;
        }
      });
    }),
  );
  return counted(lowering, scope, metrics, pieces!, { kind: "to", to: () => target });
}

export function broadcast(lowering: Lowering, scope: ChunkScope, metrics: StepMetrics, stream: ChunkStream): ChunkStream {
  return counted(lowering, scope, metrics, stream, scope.peers === 1 ? pipelined : { kind: "broadcast" });
}

function counted(lowering: Lowering, scope: ChunkScope, metrics: StepMetrics, stream: ChunkStream, pact: ChunkPact): ChunkStream {
  const spec = { name: metrics.step, inputs: [{ stream, pact }], outputs: 1 };
  const [out] = chunkOperator(scope, spec, (_context, [input], [output]) =>
    lowering.guard(metrics, () => {
      input!.forEach((capability, batch) => {
        for (const { values } of batch) {
          metrics.recordsIn += values.length;
          metrics.recordsOut += values.length;
        }
        output!.giveBatch(capability, batch);
      });
    }),
  );
  return out!;
}
