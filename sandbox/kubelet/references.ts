/**
 * The ConfigMaps and Secrets that pods refer to, each followed by a watch of that one object for as long as some pod needs it:
 * a node may not list others, and a change must reach the pod's files soon.
 */
import {
  startInformer,
  resources,
  type Client,
  type ConfigMap,
  type Informer,
  type KubernetesObject,
  type Pod,
  type Secret,
} from "../client/index.ts";

export interface References {
  configMap(pod: Pod, name: string): Promise<ConfigMap | undefined>;
  secret(pod: Pod, name: string): Promise<Secret | undefined>;
  /** The pod is gone; what only it needed is no longer followed. */
  release(uid: string): void;
  stop(): void;
}

interface Followed {
  readonly informer: Informer<KubernetesObject>;
  readonly pods: Set<string>;
  lastError: unknown;
}

/** `changed` is called with the uids of the pods that refer to an object that changed. */
export function followReferences(client: Client, changed: (uids: Iterable<string>) => void): References {
  const followed = new Map<string, Followed>();

  const find = async (kind: "configMaps" | "secrets", pod: Pod, name: string): Promise<KubernetesObject | undefined> => {
    const namespace = pod.metadata.namespace ?? "default";
    const uid = pod.metadata.uid ?? "";
    const key = `${kind}/${namespace}/${name}`;
    let entry = followed.get(key);
    if (entry === undefined) {
      const informer = startInformer(client, kind === "configMaps" ? resources.configMaps : resources.secrets, {
        namespace,
        fieldSelector: `metadata.name=${name}`,
        onError: (error) => {
          if (entry !== undefined) entry.lastError = error;
        },
      });
      const made: Followed = { informer, pods: new Set(), lastError: undefined };
      entry = made;
      followed.set(key, made);
      informer.onChange(() => changed(made.pods));
    }
    entry.pods.add(uid);
    // A first list that is refused or not answered becomes the pod's message; the informer goes on trying meanwhile.
    const deadline = Promise.withResolvers<never>();
    const started = entry;
    const timer = setTimeout(
      () => deadline.reject(started.lastError ?? new Error(`no answer about ${kind} ${namespace}/${name}`)),
      3000,
    );
    try {
      await Promise.race([entry.informer.synced, deadline.promise]);
    } finally {
      clearTimeout(timer);
    }
    return entry.informer.get(name, namespace);
  };

  return {
    configMap: (pod, name) => find("configMaps", pod, name) as Promise<ConfigMap | undefined>,
    secret: (pod, name) => find("secrets", pod, name) as Promise<Secret | undefined>,
    release(uid) {
      for (const [key, entry] of followed) {
        entry.pods.delete(uid);
        if (entry.pods.size > 0) continue;
        entry.informer.stop();
        followed.delete(key);
      }
    },
    stop() {
      for (const { informer } of followed.values()) informer.stop();
      followed.clear();
    },
  };
}
