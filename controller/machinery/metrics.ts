/** The controller's own metrics, under the names that dashboards for Kubernetes controllers already know. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

const seconds = [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 120];

export type ControllerMetrics = ReturnType<typeof createMetrics>;

export function createMetrics(options: { process: boolean }) {
  const registry = new Registry();
  if (options.process) collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const controller = "dataflow";
  const queue = { name: controller };
  const metrics = {
    registry,
    reconciles: new Counter({
      name: "controller_runtime_reconcile_total",
      help: "Passes over a resource, by outcome.",
      labelNames: ["controller", "result"],
      registers,
    }),
    reconcileErrors: new Counter({
      name: "controller_runtime_reconcile_errors_total",
      help: "Passes that failed.",
      labelNames: ["controller"],
      registers,
    }),
    reconcileTime: new Histogram({
      name: "controller_runtime_reconcile_time_seconds",
      help: "Duration of a pass.",
      labelNames: ["controller"],
      buckets: seconds,
      registers,
    }),
    activeWorkers: new Gauge({
      name: "controller_runtime_active_workers",
      help: "Passes under way.",
      labelNames: ["controller"],
      registers,
    }),
    maxConcurrent: new Gauge({
      name: "controller_runtime_max_concurrent_reconciles",
      help: "Passes that may be under way.",
      labelNames: ["controller"],
      registers,
    }),
    queueDepth: new Gauge({ name: "workqueue_depth", help: "Resources that wait for a pass.", labelNames: ["name"], registers }),
    queueAdds: new Counter({
      name: "workqueue_adds_total",
      help: "Resources added to the queue.",
      labelNames: ["name"],
      registers,
    }),
    queueRetries: new Counter({
      name: "workqueue_retries_total",
      help: "Resources added again after a failure.",
      labelNames: ["name"],
      registers,
    }),
    queueTime: new Histogram({
      name: "workqueue_queue_duration_seconds",
      help: "Time in the queue.",
      labelNames: ["name"],
      buckets: seconds,
      registers,
    }),
    workTime: new Histogram({
      name: "workqueue_work_duration_seconds",
      help: "Time of being worked on.",
      labelNames: ["name"],
      buckets: seconds,
      registers,
    }),
    leader: new Gauge({
      name: "leader_election_master_status",
      help: "1 while this process leads.",
      labelNames: ["name"],
      registers,
    }),
    requests: new Counter({
      name: "rest_client_requests_total",
      help: "Answers of the API server; code 0 = none.",
      labelNames: ["code", "method"],
      registers,
    }),
    informerTroubles: new Counter({
      name: "weir_controller_informer_troubles_total",
      help: "Lists and watches that broke.",
      labelNames: ["kind"],
      registers,
    }),
    dataflows: new Gauge({ name: "weir_controller_dataflows", help: "Dataflows by phase.", labelNames: ["phase"], registers }),
    rescales: new Counter({
      name: "weir_controller_rescales_total",
      help: "Changes of the number of workers.",
      labelNames: ["reason"],
      registers,
    }),
  };
  // Series exist from the start, so that alerts never meet one that is absent.
  for (const result of ["success", "requeue", "error"]) metrics.reconciles.inc({ controller, result }, 0);
  metrics.reconcileErrors.inc({ controller }, 0);
  metrics.queueAdds.inc(queue, 0);
  metrics.queueRetries.inc(queue, 0);
  metrics.queueDepth.set(queue, 0);
  metrics.activeWorkers.set({ controller }, 0);
  return metrics;
}
