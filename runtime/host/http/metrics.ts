/** The worker's Prometheus metrics, read off the status at scrape time so that nothing is counted twice. */
import { collectDefaultMetrics, Counter, Gauge, Registry } from "prom-client";
import { reportEventLoopLag } from "./event-loop-lag.ts";
import type { StatusReader, WorkerStatus } from "../status.ts";

/** Milliseconds between two looks of Node's own monitor at the event loop's lag: none, as ours looks seldom while there is nothing to do. */
const eventLoopMonitoringPrecision = 2 ** 31 - 1;

export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  close(): void;
}

export function createMetrics(flow: string, status: StatusReader): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ flow });
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision });
  const lateness = reportEventLoopLag(registry);
  const registers = [registry];
  const gauge = (name: string, help: string, labelNames: string[] = []): Gauge => new Gauge({ name, help, labelNames, registers });
  const counter = (name: string, help: string, labelNames: string[] = []): Counter =>
    new Counter({ name, help, labelNames, registers });
  const execution = gauge("weir_execution", "Number of the execution that runs.");
  const epoch = gauge("weir_epoch", "Lowest epoch that is not complete everywhere.");
  const phase = gauge("weir_phase", "1 for the phase the process is in.", ["phase"]);
  const processes = gauge("weir_topology_processes", "Processes of the topology that runs.");
  const busy = gauge("weir_busy_ratio", "Share of the last second spent working.");
  const queue = gauge("weir_queue_bytes", "What waits in this process's channels.");
  const snapshotEpoch = gauge("weir_snapshot_epoch", "Epoch of the last committed snapshot.");
  const snapshotBytes = gauge("weir_snapshot_bytes", "Bytes written for the last committed snapshot.");
  const snapshotSeconds = gauge(
    "weir_snapshot_duration_seconds",
    "From the close of its epoch to the commit of the last snapshot.",
  );
  const stall = gauge("weir_rescale_stall_seconds", "Time without output of the last rescale.");
  const lag = gauge("weir_source_lag", "Records (or bytes) not read yet.", ["step", "part"]);
  const keys = gauge("weir_step_keys", "Keys that a step keeps here.", ["step"]);
  const recordsIn = counter("weir_step_records_in_total", "Records that came into a step.", ["step"]);
  const recordsOut = counter("weir_step_records_out_total", "Records that a step sent on.", ["step"]);
  const busySeconds = counter("weir_step_busy_seconds_total", "Time spent in a step.", ["step"]);

  const fill = (read: WorkerStatus): void => {
    execution.set(read.execution);
    epoch.set(Number.isFinite(read.epoch) ? read.epoch : 0);
    phase.reset();
    phase.set({ phase: read.phase }, 1);
    processes.set(read.topology.processes);
    busy.set(read.busy);
    queue.set(read.memory.queueBytes);
    if (read.lastSnapshot !== undefined) {
      snapshotEpoch.set(read.lastSnapshot.epoch);
      snapshotBytes.set(read.lastSnapshot.bytes);
      snapshotSeconds.set(read.lastSnapshot.durationMilliseconds / 1000);
    }
    if (read.lastRescale !== undefined) stall.set(read.lastRescale.stallMilliseconds / 1000);
    lag.reset();
    for (const source of read.sources) if (source.lag !== undefined) lag.set({ step: source.step, part: source.part }, source.lag);
    recordsIn.reset();
    recordsOut.reset();
    busySeconds.reset();
    for (const step of read.steps) {
      const labels = { step: step.step };
      recordsIn.inc(labels, step.recordsIn);
      recordsOut.inc(labels, step.recordsOut);
      busySeconds.inc(labels, step.busySeconds);
      if (step.keys !== undefined) keys.set(labels, step.keys);
    }
  };
  return {
    contentType: registry.contentType,
    async text() {
      fill(await status.read());
      lateness.fill();
      return registry.metrics();
    },
    close: lateness.stop,
  };
}
