/**
 * Runs a function that may take time over the records of a stream: at most `concurrency` promises are out at a time. A chunk
 * keeps a capability of its time until all of its results are out, so an epoch closes only after its records are through.
 *
 *   jobs   [ chunk: items ■ ■ ■ □ □ ] [ chunk: items … ]    ■ started, in order; ordered results leave from the front
 *
 * A result that is there at once costs no promise. A new chunk is taken only when all items of the others have been started.
 */
import { items } from "../chunk.ts";
import { stepError } from "../failure.ts";
import { isPromise } from "../input/part-reader.ts";
import type { Lowering } from "../lowering.ts";
import type { StepMetrics } from "../metrics.ts";
import { chunkOperator, pipelined, type ChunkCapability, type ChunkScope, type ChunkStream } from "../operator.ts";
import type { Awaitable } from "../source.ts";

export interface AsyncStep {
  /** Called with each chunk's items before they are started. */
  readonly before?: () => void;
  readonly call: (item: unknown) => Awaitable<unknown>;
  readonly concurrency: number;
  readonly ordered: boolean;
}

interface Job {
  readonly capability: ChunkCapability;
  readonly items: readonly unknown[];
  /** Items started. */
  started: number;
  /** By item when ordered, else in the order of completion. */
  readonly results: unknown[];
  readonly done: Uint8Array;
  finished: number;
  /** Results sent. */
  sent: number;
}

export function asyncOperator(
  lowering: Lowering,
  scope: ChunkScope,
  metrics: StepMetrics,
  step: AsyncStep,
  stream: ChunkStream,
): ChunkStream {
  const { call, concurrency, ordered } = step;
  const spec = { name: metrics.step, inputs: [{ stream, pact: pipelined }], outputs: 1 };
  const [out] = chunkOperator(scope, spec, (context, [input], [output]) => {
    const jobs: Job[] = [];
    let flying = 0;
    const fail = (error: unknown) => lowering.fail(stepError(error, metrics.step));

    const settle = (job: Job, item: number, result: unknown): void => {
      if (ordered) job.results[item] = result;
      else job.results.push(result);
      job.done[item] = 1;
      job.finished++;
    };
    const start = (job: Job): void => {
      while (job.started < job.items.length && flying < concurrency) {
        const item = job.started++;
        const result = call(job.items[item]);
        if (!isPromise(result)) {
          settle(job, item, result);
          continue;
        }
        flying++;
        result.then((value) => {
          flying--;
          settle(job, item, value);
          context.activate();
        }, fail);
      }
    };
    const takeChunk = (): boolean =>
      input!.next((capability, batch) => {
        for (const chunk of batch) {
          const list = items(chunk);
          metrics.recordsIn += list.length;
          step.before?.();
          const results: unknown[] = [];
          jobs.push({
            capability: capability.retain(),
            items: list,
            started: 0,
            results,
            done: new Uint8Array(list.length),
            finished: 0,
            sent: 0,
          });
        }
      });
    /** Sends what may leave; true when the job is through. */
    const send = (job: Job): boolean => {
      let ready = job.sent;
      if (ordered) while (job.done[ready] === 1) ready++;
      else ready = job.finished;
      if (ready > job.sent) {
        output!.giveBatch(job.capability, [{ keys: undefined, values: job.results.slice(job.sent, ready) }]);
        metrics.recordsOut += ready - job.sent;
        job.sent = ready;
      }
      return job.sent === job.items.length;
    };
    const sendAll = (): void => {
      for (let i = 0; i < jobs.length; i++) {
        if (!send(jobs[i]!)) {
          if (ordered) return;
          continue;
        }
        jobs[i]!.capability.drop();
        jobs.splice(i--, 1);
      }
    };

    return lowering.guard(metrics, () => {
      do {
        for (const job of jobs) start(job);
        sendAll();
      } while (flying < concurrency && jobs.every((job) => job.started === job.items.length) && takeChunk());
    });
  });
  return out!;
}
