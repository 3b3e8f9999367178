/**
 * The controllers that make pods out of workloads: StatefulSet, Deployment, ReplicaSet, Job, endpoints, disruption budgets, claims, and the
 * scheduler. They import the sandbox's client only and speak plain Kubernetes. Garbage collection and the emptying of namespaces are the
 * API server's.
 */
import { createClient, createEventRecorder, outageLog, type ClusterAccess } from "../client/index.ts";
import { startClaimController } from "./claims.ts";
import { createSharedInformers, type Controller, type ControllerContext } from "./controller.ts";
import { startDeploymentController } from "./deployment.ts";
import { startDisruptionController } from "./disruption.ts";
import { startEndpointsController } from "./endpoints.ts";
import { startJobController } from "./job.ts";
import { startReplicaSetController } from "./replicaset.ts";
import { startScheduler } from "./scheduler.ts";
import { startUnsupportedController } from "./unsupported.ts";
import { startStatefulSetController } from "./statefulset/controller.ts";

export interface Workloads {
  stop(): Promise<void>;
}

export interface WorkloadOptions {
  readonly access: ClusterAccess;
  /** Where persistent volume claims get their folders. Without it claims stay pending. */
  readonly claimsFolder?: string | undefined;
  readonly log?: ((message: string) => void) | undefined;
}

/** Events say who reports them, so each controller has a recorder of its own name. */
type Starter = readonly [component: string, start: (context: ControllerContext) => Controller];

function start(options: WorkloadOptions, userAgent: string, starters: readonly Starter[]): Workloads {
  const client = createClient(options.access, userAgent);
  const report = outageLog(options.log ?? (() => undefined));
  const informers = createSharedInformers(client, report);
  const running = starters.map(([component, startController]) => {
    const events = createEventRecorder(client, component);
    return { events, controller: startController({ client, informer: informers.get, events, report }) };
  });
  return {
    async stop() {
      informers.stop();
      for (const { events } of running) events.stop();
      client.close();
      await Promise.all(running.map(({ controller }) => controller.stop()));
    },
  };
}

/** All of them, for an API server that has no controllers of its own. */
export function startWorkloads(options: WorkloadOptions): Workloads {
  const { claimsFolder } = options;
  const claims: Starter[] =
    claimsFolder === undefined ? [] : [["persistentvolume-controller", (context) => startClaimController(context, claimsFolder)]];
  const controllers = start(options, "workload-controllers", [
    ["statefulset-controller", startStatefulSetController],
    ["replicaset-controller", startReplicaSetController],
    ["deployment-controller", startDeploymentController],
    ["job-controller", startJobController],
    ["endpoint-controller", startEndpointsController],
    ["controllermanager", startDisruptionController],
    ["sandbox", startUnsupportedController],
    ...claims,
  ]);
  const scheduler = startSchedulerOnly(options);
  return {
    async stop() {
      await Promise.all([controllers.stop(), scheduler.stop()]);
    },
  };
}

/** For a real control plane that was started without a scheduler. */
export function startSchedulerOnly(options: WorkloadOptions): Workloads {
  return start(options, "default-scheduler", [["default-scheduler", startScheduler]]);
}
