/**
 * Runs a program on several workers of this thread, interleaved: each worker's body goes on until it waits in `stepWhile`, which
 * does one step and lets the others run.
 */
import { WeirError } from "../errors/index.ts";
import { createThreadFabrics } from "./communication/thread.ts";
import type { Worker } from "./dataflow/index.ts";
import { createTurns } from "./turns.ts";
import { createWorker, type EngineWorker } from "./worker.ts";

/** Steps in which nothing happens, in a row and without letting others run, that are taken for a loop that will never end. */
const fruitlessSteps = 1_000_000;

/**
 * Runs `body` on every worker. Resolves with what the bodies returned, by worker, when all dataflows have completed; inputs that are
 * still open when every body has returned and nothing moves any more are closed then. Rejects with the first error of a body or
 * operator, and with WEIR_TIMELY_STUCK when a capability that nobody will use again keeps a dataflow from completing.
 */
export async function execute<R>(options: { workers?: number }, body: (worker: Worker) => Promise<R> | R): Promise<R[]> {
  const { workers: count = 1 } = options;
  if (!Number.isSafeInteger(count) || count < 1)
    throw new WeirError("WEIR_USAGE", `execute: ${String(count)} is no number of workers`);
  const workers = createThreadFabrics(count).map((fabric) => createWorker({ fabric, clock: Date.now }));
  const turns = createTurns(workers, () => warnOfWaiting(workers));
  const alive = workers.map(() => true);
  let failure: { error: unknown } | undefined;
  let returned = 0;
  let closed = false;

  const stepWhile = async (worker: EngineWorker, condition: () => boolean): Promise<void> => {
    while (condition()) {
      if (failure !== undefined) throw failure.error;
      alive[worker.index] = worker.step();
      // Alone, there is nobody to let run until the event loop wants its turn.
      if (count > 1 || !worker.busy() || turns.isDue()) {
        if (!condition()) return;
        await turns.next();
      }
    }
  };
  /** When every body has returned and nothing moves: closes what was left open, and gives up on what will never end. */
  const settle = (): void => {
    if (returned < count || workers.some((worker) => worker.busy() || worker.nextTimer() !== undefined || worker.awaitsOutside()))
      return;
    if (!closed) {
      closed = true;
      for (const worker of workers) worker.closeInputs();
      return;
    }
    if (workers.some((worker) => worker.nextTimer() !== undefined || worker.awaitsOutside())) return;
    const held = listHeld(workers);
    if (held !== "") throw new WeirError("WEIR_TIMELY_STUCK", `a dataflow can not complete, as these are still held: ${held}`);
  };
  const run = async (worker: EngineWorker): Promise<R> => {
    try {
      const result = await body({
        ...worker,
        step: guardedStep(worker, count),
        stepWhile: (condition) => stepWhile(worker, condition),
      });
      returned++;
      await stepWhile(worker, () => {
        settle();
        return returned < count || alive.includes(true);
      });
      return result;
    } catch (error) {
      failure ??= { error };
      throw error;
    }
  };
  return Promise.all(workers.map(run));
}

function listHeld(workers: readonly EngineWorker[]): string {
  const held = [...new Set(workers.flatMap((worker) => worker.outstanding()))];
  return held.length <= 5 ? held.join("; ") : `${held.slice(0, 5).join("; ")} and ${held.length - 5} more`;
}

/** A capability that nobody drops makes a program wait for ever, and so may a person at a keyboard: only its author can tell. */
function warnOfWaiting(workers: readonly EngineWorker[]): void {
  const held = listHeld(workers);
  if (held === "" || workers.some((worker) => worker.nextTimer() !== undefined)) return;
  const message = `execute: nothing has moved for seconds while the bodies wait. Held are ${held}. Was a capability not dropped, an input not read or not advanced?`;
  process.emitWarning(message, { code: "WEIR_TIMELY_STUCK" });
}

/** Ends a loop of steps that waits for workers which it does not let run. */
function guardedStep(worker: EngineWorker, count: number): () => boolean {
  if (count === 1) return worker.step;
  let fruitless = 0;
  return () => {
    const alive = worker.step();
    if (worker.busy()) fruitless = 0;
    else if (++fruitless === 1) queueMicrotask(() => (fruitless = 0));
    else if (fruitless > fruitlessSteps) {
      throw new WeirError(
        "WEIR_USAGE",
        "step was called over and over without letting the other workers of this thread run; await stepWhile instead",
      );
    }
    return alive;
  };
}
