/** What every operator needs and the client library lacks. Knows no Dataflow; may import api. */
export { backoff, jittered, type BackoffOptions } from "./backoff.ts";
export { sleep, systemClock, type Clock } from "./clock.ts";
export { createEventRecorder, type EventRecorder, type EventSubject } from "./events.ts";
export { serveHealth, type HealthServer } from "./health-server.ts";
export { createInformer, keyOf, type Informer, type Listed } from "./informer.ts";
export { createKubeClient, isKubeError, KubeError, loadKubeConfig, type KubeClient, type WatchEvent } from "./kube-client.ts";
export { createLeaderElection, type LeaderElection } from "./leader-election.ts";
export { createLog, type Log } from "./log.ts";
export { createMetrics, type ControllerMetrics } from "./metrics.ts";
export { createRateLimit, type RateLimit } from "./rate-limit.ts";
export { createWorkQueue, type WorkQueue } from "./work-queue.ts";
