/**
 * A cache of one kind of object that follows the API server: list, then watch from there, with bookmarks. It lists again after
 * 410, and after anything else that breaks goes on from the last known version, with backoff; it never gives up by itself.
 * Whoever reads the cache must not change what is in it.
 */
import { backoff, jittered } from "./backoff.ts";
import { sleep, type Clock } from "./clock.ts";
import { isKubeError, KubeError, type KubeClient } from "./kube-client.ts";

export interface Listed {
  metadata: { name: string; namespace?: string; uid?: string; resourceVersion?: string };
}

export interface Informer<T extends Listed> {
  get(key: string): T | undefined;
  values(): IterableIterator<T>;
  /** Resolves after the first list. */
  readonly synced: Promise<void>;
  readonly hasSynced: boolean;
  /** Runs until `signal` is aborted. */
  run(signal: AbortSignal): Promise<void>;
}

export interface InformerOptions<T extends Listed> {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** Of the collection, for instance /apis/apps/v1/statefulsets. */
  readonly path: string;
  readonly labelSelector?: string;
  /** Called with the object as it is now, or as it was last when it is gone. Must not throw. */
  readonly onChange: (object: T, gone: boolean) => void;
  readonly onTrouble?: (what: string, error: unknown) => void;
  readonly random?: () => number;
  /** A watch on which nothing comes, not even a bookmark, is taken for dead after this time. */
  readonly idleMs?: number;
  readonly pageSize?: number;
}

const retry = { baseMs: 250, mostMs: 30_000 };

export function keyOf(object: Listed): string {
  return `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}

export function createInformer<T extends Listed>(options: InformerOptions<T>): Informer<T> {
  const { client, clock, path, labelSelector, onChange, onTrouble } = options;
  const random = options.random ?? Math.random;
  const idleMs = options.idleMs ?? 120_000;
  const cache = new Map<string, T>();
  const first = Promise.withResolvers<void>();
  let hasSynced = false;

  const list = async (signal: AbortSignal): Promise<string> => {
    const seen = new Map<string, T>();
    let token: string | undefined;
    let version = "";
    do {
      const page: { metadata: { resourceVersion?: string; continue?: string }; items: T[] } = await client.request("GET", path, {
        query: { labelSelector, limit: options.pageSize ?? 500, continue: token },
        signal,
      });
      for (const item of page.items) seen.set(keyOf(item), item);
      token = page.metadata.continue === "" ? undefined : page.metadata.continue;
      version = page.metadata.resourceVersion ?? "";
    } while (token !== undefined);
    for (const [key, object] of cache) {
      if (seen.has(key)) continue;
      cache.delete(key);
      onChange(object, true);
    }
    for (const [key, object] of seen) {
      const before = cache.get(key);
      cache.set(key, object);
      // A listed object with the version already known says nothing new.
      if (before === undefined || before.metadata.resourceVersion !== object.metadata.resourceVersion) onChange(object, false);
    }
    return version;
  };

  /** The version to go on from when the server has ended the watch. */
  const follow = async (from: string, signal: AbortSignal, progress: (version: string) => void): Promise<void> => {
    const query = {
      labelSelector,
      resourceVersion: from,
      allowWatchBookmarks: true,
      timeoutSeconds: 240 + Math.floor(random() * 60),
    };
    for await (const event of client.watch<T>(path, query, { signal, idleMs })) {
      if (event.type === "ERROR") {
        const status = event.object as unknown as { code?: number; reason?: string; message?: string };
        throw new KubeError(status.code ?? 500, status.reason ?? "Unknown", status.message ?? "the watch ended with an error");
      }
      if (event.type !== "BOOKMARK") {
        const key = keyOf(event.object);
        if (event.type === "DELETED") cache.delete(key);
        else cache.set(key, event.object);
        onChange(event.object, event.type === "DELETED");
      }
      progress(event.object.metadata.resourceVersion ?? from);
    }
  };

  return {
    get: (key) => cache.get(key),
    values: () => cache.values(),
    synced: first.promise,
    get hasSynced() {
      return hasSynced;
    },
    run: async (signal) => {
      let version: string | undefined;
      let failures = 0;
      while (!signal.aborted) {
        try {
          if (version === undefined) {
            version = await list(signal);
            hasSynced = true;
            first.resolve();
          }
          const before: string = version;
          await follow(version, signal, (next) => {
            version = next;
            failures = 0;
          });
          // A server that ends each watch at once must not be asked in a tight loop.
          if (version === before) await sleep(clock, jittered(Math.min(1000, backoff(++failures, retry)), random), signal);
        } catch (error) {
          if (signal.aborted) return;
          failures++;
          if (isKubeError(error, 410)) version = undefined;
          onTrouble?.(version === undefined ? "list" : "watch", error);
          await sleep(clock, jittered(backoff(failures, retry), random), signal);
        }
      }
    },
  };
}
