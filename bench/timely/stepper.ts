import type { Fabric } from "../../runtime/timely/communication/fabric.ts";
import { createWorker, type EngineWorker } from "../../runtime/timely/index.ts";

/** A worker on an event loop: `until` steps it, parks it while there is nothing to do, and gives sockets their turn. */
export interface Stepper {
  readonly worker: EngineWorker;
  until(condition: (alive: boolean) => boolean): Promise<void>;
}

const turnMs = 4;

export function createStepper(fabric: Fabric): Stepper {
  const worker = createWorker({ fabric, clock: Date.now });
  let failure: Error | undefined;
  let unpark: (() => void) | undefined;
  worker.onActivity(() => unpark?.());
  fabric.onFailure((error) => {
    failure = error;
    unpark?.();
  });
  return {
    worker,
    async until(condition) {
      for (;;) {
        const end = performance.now() + turnMs;
        let alive = true;
        for (let steps = 1; steps & 15 || performance.now() < end; steps++) {
          alive = worker.step();
          if (condition(alive)) return;
          if (!worker.busy() && !worker.linger()) break;
        }
        if (failure !== undefined) throw failure;
        if (worker.busy()) await new Promise((resolve) => setImmediate(resolve));
        else await new Promise<void>((resolve) => (unpark = resolve));
        unpark = undefined;
      }
    },
  };
}
