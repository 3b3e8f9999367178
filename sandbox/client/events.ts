/**
 * Events about pods, told to the API in order and in the background. An event that repeats is counted up on the first one.
 * Invariant: reporting never delays or fails what is reported; what cannot be delivered is dropped after some attempts.
 */
import { pause } from "./backoff.ts";
import { isNotFound, type Client } from "./client.ts";
import * as resources from "./resources.ts";
import type { KubernetesObject } from "./types.ts";

export interface EventRecorder {
  record(about: KubernetesObject, type: "Normal" | "Warning", reason: string, message: string, fieldPath?: string): void;
  /** Resolves when all that was recorded so far is delivered or dropped. */
  flush(): Promise<void>;
  stop(): void;
}

interface Known {
  name: string;
  count: number;
  at: number;
}

let serial = 0;

/** `component` is who reports: `kubelet`, `statefulset-controller`. */
export function createEventRecorder(client: Client, component: string, host?: string): EventRecorder {
  const known = new Map<string, Known>();
  const stopping = new AbortController();
  let waiting = 0;
  let tail = Promise.resolve();

  const deliver = async (
    about: KubernetesObject,
    type: string,
    reason: string,
    message: string,
    fieldPath: string | undefined,
  ): Promise<void> => {
    const namespace = about.metadata.namespace ?? "default";
    const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
    const key = [about.metadata.uid, type, reason, message, fieldPath].join("\0");
    const earlier = known.get(key);
    if (earlier !== undefined) {
      try {
        await client.merge(resources.events, earlier.name, namespace, { count: earlier.count + 1, lastTimestamp: now });
        earlier.count++;
        return;
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    const name = `${about.metadata.name}.${Date.now().toString(16)}${(serial++ & 0xffff).toString(16).padStart(4, "0")}`;
    await client.create(resources.events, {
      apiVersion: "v1",
      kind: "Event",
      metadata: {
        name,
        namespace,
      },
      involvedObject: {
        apiVersion: about.apiVersion ?? "v1",
        kind: about.kind ?? "Pod",
        name: about.metadata.name,
        namespace,
        uid: about.metadata.uid,
        resourceVersion: about.metadata.resourceVersion,
        fieldPath,
      },
      type,
      reason,
      message,
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      source: {
        component,
        host,
      },
      reportingComponent: component,
      reportingInstance: host ?? "",
    } as KubernetesObject);
    known.set(key, { name, count: 1, at: Date.now() });
    if (known.size > 2000) for (const [old] of [...known].slice(0, 1000)) known.delete(old);
  };

  return {
    record(about, type, reason, message, fieldPath) {
      if (stopping.signal.aborted || waiting >= 500) return;
      waiting++;
      tail = tail.then(async () => {
        for (let attempt = 0; attempt < 5 && !stopping.signal.aborted; attempt++) {
          try {
            await deliver(about, type, reason, message, fieldPath);
            break;
          } catch {
            await pause(100 * 4 ** attempt, stopping.signal);
          }
        }
        waiting--;
      });
    },
    flush: () => tail,
    stop: () => stopping.abort(),
  };
}
