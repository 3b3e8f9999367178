/** The environment of a worker's container: its whole contract with the operator. */
import { childNames, ports } from "../../api/index.ts";
import { runId, type Run } from "../../decide/index.ts";

export interface EnvVar {
  name: string;
  value?: string;
  valueFrom?: Record<string, unknown>;
}

export const topologyDirectory = "/etc/weir/topology";
export const flowDirectory = "/etc/weir/flow";

/** `processes` is only in the environment when there is no recovery; with it, it must be possible to change without new pods. */
export function workerEnvironment(name: string, run: Run, processes: number): EnvVar[] {
  const { spec, store } = run.revision;
  const environment: EnvVar[] = [
    { name: "WEIR_POD_NAME", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } } },
    { name: "WEIR_POD_IP", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "status.podIP" } } },
    { name: "WEIR_SERVICE", value: childNames.service(name) },
    { name: "WEIR_TOKEN", valueFrom: { secretKeyRef: { name: childNames.secret(name), key: "token" } } },
    { name: "WEIR_HTTP_PORT", value: String(ports.http) },
    { name: "WEIR_MESH_PORT", value: String(ports.mesh) },
    { name: "WEIR_THREADS", value: String(spec.threadsPerWorker) },
    { name: "WEIR_EPOCH_MS", value: String(spec.epochMilliseconds) },
    { name: "WEIR_EXPORT", value: spec.flow.export },
    { name: "WEIR_PARAMS", value: JSON.stringify(spec.params ?? {}) },
  ];
  if (spec.recovery === undefined || store === undefined) {
    environment.push({ name: "WEIR_PROCESSES", value: String(processes) });
    return environment;
  }
  const { recovery } = spec;
  environment.push(
    { name: "WEIR_PROCESSES_FILE", value: `${topologyDirectory}/processes` },
    ...storeEnvironment(store, recovery.endpoint),
    { name: "WEIR_SNAPSHOT_INTERVAL", value: String(recovery.snapshotIntervalSeconds) },
    { name: "WEIR_PARTITIONS", value: String(recovery.partitions) },
    { name: "WEIR_RETAIN", value: String(recovery.retain) },
    { name: "WEIR_ALLOW_DROPPED_STATE", value: String(spec.upgrade.allowDroppedState) },
  );
  if (run.restore !== undefined) {
    environment.push({ name: "WEIR_RESTORE_EPOCH", value: String(run.restore.epoch) });
    // A worker that starts again in this run must not go back a second time.
    environment.push({ name: "WEIR_RESTORE_ID", value: runId(run) });
    if (run.restore.store !== undefined) environment.push({ name: "WEIR_RESTORE_STORE", value: run.restore.store });
  }
  return environment;
}

export function storeEnvironment(store: string, endpoint: string | undefined): EnvVar[] {
  const environment: EnvVar[] = [{ name: "WEIR_RECOVERY_STORE", value: store }];
  if (endpoint !== undefined) environment.push({ name: "WEIR_RECOVERY_ENDPOINT", value: endpoint });
  return environment;
}
