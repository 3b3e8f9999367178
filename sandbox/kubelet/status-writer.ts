/**
 * Brings pods' statuses to the API. Invariant: for each pod the last status given is the last one written; what was overtaken before
 * it could be written is skipped, and an absent API server is waited for.
 */
import { createWorkQueue, isConflict, isNotFound, resources, type Client, type Pod, type PodStatus } from "../client/index.ts";

export interface StatusWriter {
  /** Look at the pod's status again. */
  touch(uid: string): void;
  /** Resolves when the status as it is now is written, or the pod is gone from the API. */
  flush(uid: string): Promise<void>;
  stop(): Promise<void>;
}

export interface StatusSource {
  pod(): Pod;
  status(): PodStatus;
}

export function createStatusWriter(
  client: Client,
  find: (uid: string) => StatusSource | undefined,
  report: (what: string, error: unknown) => void,
): StatusWriter {
  const written = new Map<string, string>();
  const waiting = new Map<string, (() => void)[]>();

  /** A namesake is there instead: API servers refuse another's uid as they would any invalid object. */
  const replaced = (name: string, namespace: string | undefined, uid: string): Promise<boolean> =>
    client.get<Pod>(resources.pods, name, namespace).then((pod) => pod.metadata.uid !== uid, isNotFound);

  const write = async (uid: string): Promise<void> => {
    const source = find(uid);
    // Who asks from now on waits for the next write; a write that fails is tried again with all who wait.
    const waiters = [...(waiting.get(uid) ?? [])];
    if (source !== undefined) {
      const { name, namespace } = source.pod().metadata;
      const status = source.status();
      const text = JSON.stringify(status);
      if (written.get(uid) !== text) {
        try {
          // The uid makes the server refuse it for a namesake that has taken the pod's place.
          await client.merge(resources.pods, name, namespace, { metadata: { uid }, status }, "status");
          written.set(uid, text);
        } catch (error) {
          if (!isNotFound(error) && !isConflict(error) && !(await replaced(name, namespace, uid))) throw error;
        }
      }
    } else written.delete(uid);
    const later = (waiting.get(uid) ?? []).filter((waiter) => !waiters.includes(waiter));
    if (later.length > 0) waiting.set(uid, later);
    else waiting.delete(uid);
    for (const waiter of waiters) waiter();
  };
  const queue = createWorkQueue(write, {
    maxDelayMs: 1000,
    onError: (_key, error) => report("pod status", error),
  });
  return {
    touch: (uid) => queue.add(uid),
    flush: (uid) =>
      new Promise((done) => {
        waiting.set(uid, [...(waiting.get(uid) ?? []), done]);
        queue.add(uid);
      }),
    stop: () => queue.stop(),
  };
}
