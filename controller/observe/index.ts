/** What is true: children, pods, and what the workers say over HTTP. Decides nothing. May import api, decide's types and machinery. */
export { observePod, type RawPod } from "./pods.ts";
export { observe, type Caches, type Observation, type RawStatefulSet } from "./observe.ts";
export { createWorkerClient, type WorkerClient } from "./worker-client.ts";
export { createRecordStore, type RecordStore } from "./record-store.ts";
