/**
 * An output step on one worker: writes chunks one after the other and holds back the frontier until they are written.
 *
 *   `current` is the lowest epoch with something left to do, and the capability stands there. It moves on when the frontier
 *   has passed it, its chunks are written and, if it takes a snapshot, the sink has sealed it.
 *
 * A sink that is sealed must not see a later epoch before: chunks of epoch t are written only when no epoch from `current` to
 * t can take a snapshot any more. While a write is under way nothing is taken from the input, which slows those who send.
 */
import type { Chunk } from "../chunk.ts";
import { splitBy } from "../exchange/by-key.ts";
import { stepError } from "../failure.ts";
import type { Lowering } from "../lowering.ts";
import type { StepMetrics } from "../metrics.ts";
import { chunkOperator, pipelined, type ChunkScope, type ChunkStream } from "../operator.ts";
import type { Sink } from "../sink.ts";
import type { Awaitable } from "../source.ts";
import { isPromise } from "../input/part-reader.ts";
import { dynamicWriter, partRouter, partitionedWriter, partsOf, transactionalWriter, type SinkWriter } from "./part-writer.ts";

export function outputOperator(
  lowering: Lowering,
  scope: ChunkScope,
  metrics: StepMetrics,
  sink: Sink<any>,
  stream: ChunkStream,
): ChunkStream {
  const { runtime } = lowering;
  const { epochs } = runtime;
  const { step } = metrics;
  const fail = (error: unknown) => lowering.fail(stepError(error, step, "WEIR_SINK_FAILED"));
  const input = inputOf(lowering, scope, step, sink, stream);
  let closing: (() => void) | undefined;
  lowering.onDispose(() => closing?.());

  const [out] = chunkOperator(
    scope,
    { name: step, inputs: [input], outputs: 1, notify: true, initial: true },
    (context, [port]) => {
      const [capability] = context.initial;
      const waiting = new Map<number, Chunk[]>();
      let writer: SinkWriter | undefined;
      let busy = false;
      let closed = false;
      let done = false;
      let current = 0;
      /** What follows once the work under way is done. */
      let afterwards: (() => void) | undefined;
      epochs.onTick(() => context.activate());

      /** Does something that may take time. Nothing else is done meanwhile. */
      const attend = (work: Awaitable<void>): void => {
        if (!isPromise(work)) return;
        busy = true;
        work.then(() => {
          busy = false;
          context.activate();
        }, fail);
      };
      const open = async (): Promise<void> => {
        writer = await openWriter(lowering, step, sink);
        closing = () => {
          if (closed) return;
          closed = true;
          // The execution has ended, its outcome stands: an error here has nobody left to go to.
          void Promise.resolve(writer!.close()).catch(() => undefined);
        };
        if (lowering.stopped) closing();
      };
      const mayWrite = (epoch: number): boolean => {
        if (writer!.seal === undefined) return true;
        for (let before = current; before < epoch; before++) {
          if (before >= epochs.current || writer!.sealsEach || epochs.takesSnapshot(before)) return false;
        }
        return true;
      };
      /** Writes what waits of the oldest epoch, up to the first write that takes time; false when there is nothing to write now. */
      const write = (): boolean => {
        let oldest = Infinity;
        for (const epoch of waiting.keys()) oldest = Math.min(oldest, epoch);
        if (oldest === Infinity || !mayWrite(oldest)) return false;
        const chunks = waiting.get(oldest)!;
        let written = 0;
        while (written < chunks.length && !busy) {
          const chunk = chunks[written++]!;
          metrics.recordsIn += chunk.values.length;
          attend(writer!.write(chunk));
        }
        if (written === chunks.length) waiting.delete(oldest);
        else chunks.splice(0, written);
        return true;
      };
      const fill = (): boolean =>
        port!.next(({ time }, batch) => {
          const chunks = waiting.get(time);
          if (chunks === undefined) waiting.set(time, [...batch]);
          else chunks.push(...batch);
        });

      /** Moves on to the frontier, sealing on the way; false when the frontier is not past anything. */
      const advance = (): boolean => {
        let next = port!.frontierTime();
        for (const epoch of waiting.keys()) next = Math.min(next, epoch);
        if (next <= current) return false;
        const ended = next === Infinity;
        const sealed = writer!.seal === undefined ? undefined : sealedEpoch(next);
        if (sealed !== undefined) attend(writer!.seal!(sealed));
        afterwards = ended
          ? closeWriter
          : () => {
              current = next;
              capability!.downgrade(current);
            };
        return true;
      };
      /** The epoch to seal before going on to `next`, if any. All that is left is sealed at the end. */
      const sealedEpoch = (next: number): number | undefined => {
        if (next === Infinity || writer!.sealsEach) return current;
        for (let epoch = current; epoch < next; epoch++) if (epochs.takesSnapshot(epoch)) return epoch;
        return undefined;
      };
      const closeWriter = (): void => {
        closed = true;
        attend(writer!.close());
        afterwards = () => {
          done = true;
          capability!.drop();
        };
      };

      return lowering.guard(
        metrics,
        () => {
          if (writer === undefined && !busy) attend(open());
          while (!busy && !done) {
            if (afterwards !== undefined) {
              const then = afterwards;
              afterwards = undefined;
              then();
              continue;
            }
            if (advance()) continue;
            if (!write() && !fill()) return;
          }
        },
        "WEIR_SINK_FAILED",
      );
    },
  );
  return out!;
}

function inputOf(lowering: Lowering, scope: ChunkScope, step: string, sink: Sink<any>, stream: ChunkStream) {
  if (sink.kind !== "partitioned" || scope.peers === 1) return { stream, pact: pipelined };
  const route = partRouter(sink, partsOf(lowering, step).length);
  return splitBy(lowering, scope, stream, step, (key) => route(key) % scope.peers);
}

function openWriter(lowering: Lowering, step: string, sink: Sink<any>): Promise<SinkWriter> {
  if (sink.kind === "dynamic") return dynamicWriter(sink, lowering, step);
  if (sink.kind === "transactional") return transactionalWriter(sink, lowering, step);
  return partitionedWriter(sink, lowering, step);
}
