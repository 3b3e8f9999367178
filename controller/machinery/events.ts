/**
 * Kubernetes events about a Dataflow. The same thing said again within ten minutes raises a count instead of making another
 * event; too much is dropped. Events are for people: losing one is no error.
 */
import type { Clock } from "./clock.ts";
import { isKubeError, type KubeClient } from "./kube-client.ts";

export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface EventRecorder {
  record(subject: EventSubject, type: "Normal" | "Warning", reason: string, message: string): void;
  /** Resolves when what was recorded so far has been sent. */
  flush(): Promise<void>;
}

interface Known {
  readonly name: string;
  readonly namespace: string;
  count: number;
  sentAt: number;
  lastAt: number;
}

const aggregateMs = 600_000;
/** An event that repeats is written again at most this often. */
const rewriteMs = 30_000;
const mostKnown = 4096;

export function createEventRecorder(
  client: KubeClient,
  clock: Clock,
  instance: string,
  onTrouble?: (error: unknown) => void,
): EventRecorder {
  const known = new Map<string, Known>();
  let chain = Promise.resolve();
  let serial = 0;

  const send = (work: () => Promise<unknown>): void => {
    chain = chain.then(work).then(
      () => undefined,
      (error: unknown) => {
        // In a namespace that is going away nothing can be made any more.
        if (!isKubeError(error, 403) && !isKubeError(error, 404)) onTrouble?.(error);
      },
    );
  };
  const time = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");

  return {
    record(subject, type, reason, message) {
      const now = clock.now();
      const key = [subject.uid, type, reason, message].join("\n");
      const before = known.get(key);
      if (before !== undefined && now - before.lastAt < aggregateMs) {
        before.count++;
        before.lastAt = now;
        if (now - before.sentAt < rewriteMs) return;
        before.sentAt = now;
        const { namespace, name, count } = before;
        send(() =>
          client.request("PATCH", `/api/v1/namespaces/${namespace}/events/${name}`, {
            body: { count, lastTimestamp: time(now) },
            contentType: "application/merge-patch+json",
          }),
        );
        return;
      }
      const name = `${subject.name}.${now.toString(16)}${(serial++ % 4096).toString(16).padStart(3, "0")}`;
      if (known.size >= mostKnown) known.delete(known.keys().next().value!);
      known.delete(key);
      known.set(key, { name, namespace: subject.namespace, count: 1, sentAt: now, lastAt: now });
      const body = {
        apiVersion: "v1",
        kind: "Event",
        metadata: { name, namespace: subject.namespace },
        involvedObject: { ...subject },
        type,
        reason,
        message: message.slice(0, 1024),
        count: 1,
        firstTimestamp: time(now),
        lastTimestamp: time(now),
        source: { component: "weir-controller" },
        reportingComponent: "weir-controller",
        reportingInstance: instance,
      };
      send(() => client.request("POST", `/api/v1/namespaces/${subject.namespace}/events`, { body }));
    },
    flush: () => chain,
  };
}
