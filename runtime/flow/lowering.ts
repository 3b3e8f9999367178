/** What all operators of one lowered flow share: the runtime, the counters of each step, and whether something has failed. */
import type { ErrorCode, WeirError } from "../errors/index.ts";
import { stepError } from "./failure.ts";
import type { StepMetrics } from "./metrics.ts";
import { stopwatch } from "./metrics.ts";
import type { FlowRuntime } from "./runtime.ts";

export class Lowering {
  readonly runtime: FlowRuntime;
  readonly metrics: readonly StepMetrics[];
  /** Nothing runs once something has failed or the dataflow was disposed of. */
  stopped = false;
  /** Records of later epochs that stateful steps keep back until their epoch has come; sources wait while there are too many. */
  held = 0;
  readonly #disposers: (() => void)[] = [];

  constructor(runtime: FlowRuntime, metrics: readonly StepMetrics[]) {
    this.runtime = runtime;
    this.metrics = metrics;
  }

  fail(error: WeirError): void {
    if (this.stopped) return;
    this.stopped = true;
    this.runtime.fail(error);
  }

  /** Wraps an operator's body: it does nothing once stopped, its time is counted, and what it throws names the step. */
  guard(metrics: StepMetrics, body: () => void, code: ErrorCode = "WEIR_STEP_FAILED"): () => void {
    return () => {
      if (this.stopped) return;
      const start = stopwatch();
      try {
        body();
      } catch (error) {
        this.fail(stepError(error, metrics.step, code));
      }
      metrics.busySeconds += (stopwatch() - start) / 1000;
    };
  }

  /** For what is open when the dataflow ends early. */
  onDispose(body: () => void): void {
    this.#disposers.push(body);
  }

  dispose(): void {
    this.stopped = true;
    for (const body of this.#disposers.splice(0)) body();
  }
}

/** Records that stateful steps of one worker may keep back before its sources wait. */
export const heldLimit = 262_144;
