/** The client that the sandbox's kubelet and workload controllers share. Imports nothing of ours; works against any API server. */
export * from "./types.ts";
export * as resources from "./resources.ts";
export { loadKubeconfig, type ClusterAccess } from "./kubeconfig.ts";
export {
  ApiError,
  createClient,
  isAlreadyExists,
  isConflict,
  isNotFound,
  resourcePath,
  type Client,
  type List,
  type Query,
  type RequestOptions,
  type Resource,
} from "./client.ts";
export { keyOf, startInformer, type Informer, type InformerOptions } from "./informer.ts";
export { createWorkQueue, type WorkQueue } from "./queue.ts";
export { delayMs, pause } from "./backoff.ts";
export { createEventRecorder, type EventRecorder } from "./events.ts";
export { outageLog } from "./outage-log.ts";
export { targetPort } from "./target-port.ts";
export { matchesLabels, matchesSelector } from "./selector.ts";
