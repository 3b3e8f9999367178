/** Does what was decided, one action after the other; the first that fails ends the pass, and the next pass decides anew. */
import { childNames, finalizer, group, plural, version, type Dataflow } from "../api/index.ts";
import type { Action } from "../decide/index.ts";
import { isKubeError, type KubeClient } from "../machinery/index.ts";
import { fieldManager, type Applier } from "./applier.ts";
import { cleanupPod } from "./children/index.ts";
import { collectionPath, objectPath } from "./paths.ts";

export interface ExecuteContext {
  readonly dataflow: Dataflow;
  readonly client: KubeClient;
  readonly applier: Applier;
  readonly post: (
    address: string,
    path: "/drain" | "/rescale",
    token: string,
    body: unknown,
    timeoutMs: number,
  ) => Promise<unknown>;
  readonly addressOf: (pod: string) => string | undefined;
  readonly code: { readonly hash: string; readonly key: string; readonly text: string } | undefined;
  readonly settings: { readonly drainDeadline: number; readonly rescaleTimeout: number; readonly cleanupDeadline: number };
}

/** A worker refused, or did not answer: worth an event, and another pass soon. */
export class WorkerRequestFailed extends Error {
  readonly reason: string;
  constructor(reason: string, message: string, cause: unknown) {
    super(message, { cause });
    this.name = "WorkerRequestFailed";
    this.reason = reason;
  }
}

export function dataflowPath(dataflow: Dataflow): string {
  return `/apis/${group}/${version}/namespaces/${dataflow.metadata.namespace}/${plural}/${dataflow.metadata.name}`;
}

/** What a worker answered when it was asked, else nothing. */
export async function execute(action: Action, context: ExecuteContext): Promise<unknown> {
  const { dataflow, client, applier, settings } = context;
  const { namespace, name } = dataflow.metadata;
  switch (action.kind) {
    case "addFinalizer":
      return setFinalizers(context, [...(dataflow.metadata.finalizers ?? []), finalizer]);
    case "removeFinalizer":
      return setFinalizers(
        context,
        (dataflow.metadata.finalizers ?? []).filter((entry) => entry !== finalizer),
      );
    case "drain":
      return ask(context, action.pod, "/drain", {}, settings.drainDeadline, "DrainFailed");
    case "rescale":
      return ask(context, action.pod, "/rescale", { processes: action.processes }, settings.rescaleTimeout, "RescaleRefused");
    case "applyRun":
      return applier.applyRun(dataflow, {
        run: action.run,
        replicas: action.replicas,
        processes: action.processes,
        code: context.code,
      });
    case "checkRun":
      return applier.check(dataflow, {
        run: action.run,
        replicas: action.replicas,
        processes: action.processes,
        code: context.code,
      });
    case "scale":
      applier.touched(namespace, name);
      return ignoring(404, () =>
        client.request("PATCH", `/apis/apps/v1/namespaces/${namespace}/statefulsets/${childNames.statefulSet(name)}`, {
          query: { fieldManager },
          body: { spec: { replicas: action.replicas } },
          contentType: "application/merge-patch+json",
        }),
      );
    case "deletePod":
      // Only the very pod that was seen, not one that has taken its name since.
      return ignoring([404, 409], () =>
        client.request("DELETE", `/api/v1/namespaces/${namespace}/pods/${action.pod}`, {
          body: {
            apiVersion: "v1",
            kind: "DeleteOptions",
            preconditions: { uid: action.uid },
            ...(action.force ? { gracePeriodSeconds: 0 } : {}),
          },
        }),
      );
    case "startCleanup": {
      const pod = cleanupPod(dataflow, action.run, action.stores, Math.ceil(settings.cleanupDeadline / 1000));
      return ignoring(409, () => client.request("POST", collectionPath(pod), { body: pod, query: { fieldManager } }));
    }
    case "deleteCleanup": {
      const path = objectPath({
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: childNames.cleanup(name), namespace, labels: {}, ownerReferences: [] },
      });
      return ignoring(404, () =>
        client.request("DELETE", path, { body: { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 0 } }),
      );
    }
  }
}

async function setFinalizers({ client, dataflow }: ExecuteContext, finalizers: string[]): Promise<void> {
  const { resourceVersion } = dataflow.metadata;
  await ignoring(404, () =>
    client.request("PATCH", dataflowPath(dataflow), {
      query: { fieldManager },
      body: { metadata: { finalizers, resourceVersion } },
      contentType: "application/merge-patch+json",
    }),
  );
}

async function ask(
  context: ExecuteContext,
  pod: string,
  path: "/drain" | "/rescale",
  body: unknown,
  timeoutMs: number,
  reason: string,
): Promise<unknown> {
  const address = context.addressOf(pod);
  const token = await context.applier.token(context.dataflow);
  if (address === undefined || token === undefined)
    throw new WorkerRequestFailed(reason, `pod ${pod} has no address or no token`, undefined);
  try {
    return await context.post(address, path, token, body, timeoutMs);
  } catch (cause) {
    throw new WorkerRequestFailed(reason, `pod ${pod}: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

async function ignoring(statuses: number | readonly number[], work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const ignored = typeof statuses === "number" ? [statuses] : statuses;
    if (!ignored.some((status) => isKubeError(error, status))) throw error;
  }
}
