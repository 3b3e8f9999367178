/** What each step of one worker has done: plain counters that operators add to per batch and the host reads when asked. */
export interface StepMetrics {
  readonly step: string;
  readonly kind: string;
  readonly upstream: readonly string[];
  recordsIn: number;
  recordsOut: number;
  /** Seconds spent in the step's operator; a fused chain's time is shared out by the records that each step took. */
  busySeconds: number;
  /** Keys with state, of stateful steps. */
  keys: number | undefined;
}

export interface FlowMetrics {
  /** One per step of the flow, in the order in which they were written. */
  readonly steps: readonly StepMetrics[];
}

/** Looked up once: the global is a getter, which costs more than the reading. */
const machine = performance;
/** Milliseconds from an arbitrary origin, for measuring only: nothing that a flow computes may depend on it. */
export const stopwatch: () => number = () => machine.now();
