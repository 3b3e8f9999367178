/** The worker's public status (GET /status), put together from the process, its workers and Node. */
import type { Phase, ProcessStatus } from "../execution/index.ts";

export interface WorkerStatus {
  flow: string;
  process: number;
  phase: Phase;
  execution: number;
  topology: { processes: number; threads: number };
  /** Lowest epoch not yet complete everywhere. */
  epoch: number;
  lastSnapshot?: { epoch: number; time: string; bytes: number; durationMilliseconds: number };
  lastRescale?: { from: number; to: number; time: string; stallMilliseconds: number };
  /** Share of the time since the last reading spent working, 0..1. */
  busy: number;
  steps: StepStatus[];
  sources: SourceStatus[];
  memory: { rssBytes: number; heapUsedBytes: number; queueBytes: number };
  error?: { code: string; message: string; step?: string };
}
export interface SourceStatus {
  step: string;
  part: string;
  lag?: number;
  /** What the part waits for in vain: it goes on by itself once that is there. */
  trouble?: string;
}
export interface StepStatus {
  step: string;
  kind: string;
  upstream: string[];
  recordsIn: number;
  recordsOut: number;
  busySeconds: number;
  keys?: number;
  stateBytes?: number;
}

/** What the workers of this process tell of themselves, in this thread or from theirs. */
export interface WorkerReadings {
  readonly steps: StepStatus[];
  readonly sources: SourceStatus[];
  readonly busySeconds: number;
  readonly queueBytes: number;
}

export interface StatusReader {
  read(): Promise<WorkerStatus>;
}

/** Readings closer together than this share one measurement of `busy`, so that several readers do not cut it to pieces. */
const shortestInterval = 1000;

export function createStatusReader(options: {
  flow: string;
  process: number;
  threads: number;
  status: () => ProcessStatus;
  readings: () => Promise<WorkerReadings>;
}): StatusReader {
  let measuredAt = performance.now();
  let busyThen = 0;
  let busy = 0;
  return {
    async read() {
      const status = options.status();
      const readings = await options.readings();
      const now = performance.now();
      if (now - measuredAt >= shortestInterval) {
        busy = Math.max(0, Math.min(1, ((readings.busySeconds - busyThen) * 1000) / (now - measuredAt) / options.threads));
        measuredAt = now;
        busyThen = readings.busySeconds;
      }
      const memory = process.memoryUsage();
      const { error } = status;
      return {
        flow: options.flow,
        process: options.process,
        phase: status.phase,
        execution: status.execution,
        topology: { ...status.topology },
        epoch: status.frontier,
        ...(status.lastSnapshot === undefined ? {} : { lastSnapshot: { ...status.lastSnapshot } }),
        ...(status.lastRescale === undefined ? {} : { lastRescale: { ...status.lastRescale } }),
        busy: Math.round(busy * 1000) / 1000,
        steps: readings.steps,
        sources: readings.sources,
        memory: { rssBytes: memory.rss, heapUsedBytes: memory.heapUsed, queueBytes: readings.queueBytes },
        ...(error === undefined
          ? {}
          : { error: { code: error.code, message: error.message, ...(error.step === undefined ? {} : { step: error.step }) } }),
      };
    },
  };
}
