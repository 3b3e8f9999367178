/**
 * Runs a worker on an event loop: steps while there is something to do, gives sockets, timers and promises their turn every few
 * milliseconds, and parks until it is woken or its next timer is due.
 */
import type { EngineWorker } from "./worker.ts";
import type { Fabric } from "./communication/fabric.ts";

export interface RunOptions {
  /** Stops when it gives true; looked at between turns and after being woken. Default: when all dataflows have completed. */
  readonly until?: () => boolean;
  /** Milliseconds of stepping between two turns of the event loop. Default 4. */
  readonly turnMs?: number;
  /** Its failure ends the run. */
  readonly fabric?: Fabric;
}

/** Resolves when all dataflows have completed or `until` holds; rejects with what an operator threw or the fabric failed by. */
export async function runWorker(worker: EngineWorker, options: RunOptions = {}): Promise<void> {
  const { until, turnMs = 4, fabric } = options;
  let failure: Error | undefined;
  let unpark: (() => void) | undefined;
  const wake = (): void => unpark?.();
  worker.onActivity(wake);
  fabric?.onFailure((error) => {
    failure = error;
    wake();
  });
  for (;;) {
    const end = performance.now() + turnMs;
    let alive = true;
    // Reading the clock costs about as much as a small step.
    for (let steps = 1; alive && (steps & 15 || performance.now() < end); steps++) {
      alive = worker.step();
      if (!worker.busy() && !worker.linger()) break;
    }
    if (failure !== undefined) throw failure;
    if (until === undefined ? !alive : until()) return;
    if (worker.busy()) await new Promise((resolve) => setImmediate(resolve));
    else await park(worker, (resume) => (unpark = resume));
    unpark = undefined;
    if (failure !== undefined) throw failure;
  }
}

async function park(worker: EngineWorker, listen: (resume: () => void) => void): Promise<void> {
  const due = worker.nextTimer();
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve) => {
    listen(resolve);
    if (due !== undefined) timer = setTimeout(resolve, Math.max(0, Math.min(due - worker.clock(), 0x7fffffff)));
  });
  clearTimeout(timer);
}
