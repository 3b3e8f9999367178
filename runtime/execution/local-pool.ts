/**
 * A pool whose workers all live on this thread, stepped by a driver. Keyed state belongs to the pool's thread slots, so it
 * outlives an execution that is followed by another at once.
 */
import type { Dataflow } from "../flow/index.ts";
import type { Driver } from "./drive.ts";
import { createFlowWorker, type FlowWorker, type StateSlot } from "./flow-worker.ts";
import type { FromWorker } from "./messages.ts";
import type { FabricMaker, WorkerHandle, WorkerPool } from "./network.ts";

export interface LocalPool extends WorkerPool {
  /** The workers of the current execution, for status. */
  readonly workers: readonly FlowWorker[];
}

export interface LocalPoolOptions {
  readonly flow: Dataflow;
  readonly fabrics: FabricMaker;
  readonly driver: Driver;
  readonly now: () => number;
  /** The clock may stand still or jump at any moment, and wakes nobody: it is looked at again and again. Default: when it is not the machine's. */
  readonly standing?: boolean;
  readonly manyWorkers?: number | undefined;
  /** Where the workers' keyed state is kept between executions, for whoever wants to look. */
  readonly slots?: StateSlot[];
  /** Sees each worker's message first; true = it goes no further. */
  readonly intercept?: (message: FromWorker) => boolean;
}

export function createLocalPool(options: LocalPoolOptions): LocalPool {
  const { driver, now } = options;
  const standing = options.standing ?? now !== Date.now;
  const slots: StateSlot[] = options.slots ?? [];
  let workers: FlowWorker[] = [];
  let removals: (() => void)[] = [];
  const leave = (keep: boolean): void => {
    for (const remove of removals) remove();
    removals = [];
    workers = [];
    if (!keep) slots.length = 0;
  };
  return {
    get workers() {
      return workers;
    },
    enter(execution, topology) {
      leave(true);
      const handles: WorkerHandle[] = [];
      for (const [slot, fabric] of options.fabrics(execution, topology).entries()) {
        const state = (slots[slot] ??= {});
        let receive: (message: FromWorker) => void = () => {};
        const worker = createFlowWorker({
          flow: options.flow,
          fabric,
          slot: state,
          now,
          standing,
          manyWorkers: options.manyWorkers,
          post(message) {
            if (options.intercept?.(message) !== true) receive(message);
          },
          wake: driver.wake,
        });
        workers.push(worker);
        removals.push(
          driver.add({
            step: worker.step,
            nextTime() {
              const next = worker.nextTimer();
              return next === undefined || !standing ? next : Date.now() + 1;
            },
          }),
        );
        handles.push({ index: worker.index, post: worker.handle, onMessage: (handler) => (receive = handler) });
      }
      return handles;
    },
    leave: (_execution, keep) => leave(keep),
    close: () => leave(false),
  };
}
