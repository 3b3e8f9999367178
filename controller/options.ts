/** What the controller can be told. Every option has a flag and a WEIR_CONTROLLER_… variable in `main.ts`. */
import type { KubeConfig } from "@kubernetes/client-node";
import type { Clock } from "./machinery/index.ts";
import type { WorkerClient } from "./observe/index.ts";

export interface ControllerOptions {
  /** Path of a kubeconfig; left out: $KUBECONFIG, ~/.kube/config, or the service account of the pod. */
  readonly kubeconfig?: string;
  /** Instead of a path. */
  readonly config?: KubeConfig;
  /** Namespaces to look after; none = all. */
  readonly namespaces?: readonly string[];
  /** Image of workers whose spec names none. */
  readonly runtimeImage?: string;
  readonly leaderElection?: boolean;
  readonly leaseNamespace?: string;
  readonly leaseName?: string;
  /** Milliseconds for which a leader that says nothing more keeps its lease; renewed about seven times as often. Default 15,000. */
  readonly leaseDuration?: number;
  /** Port for /healthz, /readyz and /metrics; 0 = any free one, undefined = none. */
  readonly healthPort?: number;
  readonly healthHost?: string;
  /** Resources that are worked on at the same time. */
  readonly concurrency?: number;
  /** Milliseconds between looks at a running flow, and at one that is changing. */
  readonly pollInterval?: number;
  readonly progressInterval?: number;
  /** Milliseconds between status writes that only change numbers. */
  readonly statusInterval?: number;
  /** Milliseconds after which a flow that was ready and is not is restarted. */
  readonly unhealthyAfter?: number;
  readonly networkPolicy?: boolean;
  /** How workers are reached; left out: HTTP at the pods' addresses. */
  readonly workerClient?: WorkerClient;
  readonly logLevel?: string;
  /** Ends the controller in good order. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** Called when the caches are filled and this process leads. */
  readonly onReady?: (info: { healthPort: number | undefined }) => void;
}
