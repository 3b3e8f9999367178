/**
 * A local copy of a collection, kept by list and watch.
 * Invariant: the copy is always a state that the server had, and it catches up whatever the server does: a cut watch resumes
 * from the last version seen, an expired version (410) lists anew, deletions that happened meanwhile are told, and an absent
 * server is waited for, for ever. Handlers are level-triggered: they learn that a key changed, and look into the copy.
 */
import { ApiError, resourcePath, type Client, type List, type Query, type Resource } from "./client.ts";
import { delayMs, pause } from "./backoff.ts";
import type { KubernetesObject, Status } from "./types.ts";

export const keyOf = (object: KubernetesObject): string =>
  object.metadata.namespace === undefined ? object.metadata.name : `${object.metadata.namespace}/${object.metadata.name}`;

/** `current` is undefined when the object is gone, `previous` when it is new. */
export type ChangeHandler<T> = (current: T | undefined, previous: T | undefined, key: string) => void;

export interface Informer<T extends KubernetesObject> {
  get(name: string, namespace?: string): T | undefined;
  byKey(key: string): T | undefined;
  list(namespace?: string): T[];
  /** Called for every change from now on, and once for what is there. A handler must not throw. */
  onChange(handler: ChangeHandler<T>): void;
  /** Called after the first list, and after every later one. */
  onListed(handler: () => void): void;
  /** Resolves after the first list; rejects when stopped before. */
  readonly synced: Promise<void>;
  readonly hasSynced: () => boolean;
  stop(): void;
}

export interface InformerOptions {
  readonly namespace?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  /** Told of everything that goes wrong on the way; the informer goes on by itself. */
  readonly onError?: (error: unknown) => void;
  /** Longest pause between attempts, in milliseconds; default 5,000. */
  readonly maxDelayMs?: number;
}

interface WatchEvent<T> {
  type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  object: T | Status;
}

export function startInformer<T extends KubernetesObject>(
  client: Client,
  resource: Resource,
  options: InformerOptions = {},
): Informer<T> {
  const store = new Map<string, T>();
  const handlers: ChangeHandler<T>[] = [];
  const listedHandlers: (() => void)[] = [];
  const stopping = new AbortController();
  let listed = false;
  const { promise: synced, resolve: markSynced, reject: refuseSync } = Promise.withResolvers<void>();
  synced.catch(() => undefined);

  const tell = (current: T | undefined, previous: T | undefined, key: string): void => {
    for (const handler of handlers) handler(current, previous, key);
  };
  const put = (object: T): void => {
    const key = keyOf(object);
    const previous = store.get(key);
    if (previous?.metadata.resourceVersion !== undefined && previous.metadata.resourceVersion === object.metadata.resourceVersion)
      return;
    store.set(key, object);
    // A new object under an old name: whoever follows objects by identity must see the old one go.
    if (previous !== undefined && previous.metadata.uid !== object.metadata.uid) {
      tell(undefined, previous, key);
      tell(object, undefined, key);
    } else tell(object, previous, key);
  };
  const drop = (key: string): void => {
    const previous = store.get(key);
    if (store.delete(key)) tell(undefined, previous, key);
  };

  const selectors: Query = { fieldSelector: options.fieldSelector, labelSelector: options.labelSelector };
  const path = resourcePath(resource, options.namespace);

  const relist = async (): Promise<string> => {
    const items: T[] = [];
    let page: List<T>;
    let from: string | undefined;
    do {
      page = await client.request("GET", path, { query: { ...selectors, limit: 500, continue: from }, signal: stopping.signal });
      items.push(...(page.items ?? []));
      from = page.metadata.continue === "" ? undefined : page.metadata.continue;
    } while (from !== undefined);
    const present = new Set(items.map(keyOf));
    for (const key of store.keys()) if (!present.has(key)) drop(key);
    for (const item of items) put(item);
    if (!listed) {
      listed = true;
      markSynced();
    }
    for (const handler of listedHandlers) handler();
    return page.metadata.resourceVersion ?? "";
  };

  /** Undefined: everything is to be listed. What was seen counts also when the watch is cut in the next moment. */
  let version: string | undefined;

  const watch = async (from: string, progressed: () => void): Promise<void> => {
    // The server is asked to end the watch after some minutes, spread so that not all end together.
    const query = {
      ...selectors,
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion: from,
      timeoutSeconds: 240 + Math.floor(Math.random() * 120),
    };
    const stream = await client.stream(path, { query, signal: stopping.signal });
    // A connection that died without a word (a laptop that slept) is noticed by the socket's keep-alive.
    stream.socket.setKeepAlive(true, 10_000);
    stream.setEncoding("utf8");
    let rest = "";
    try {
      for await (const chunk of stream) {
        const lines = (rest + (chunk as string)).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) {
          if (line.trim() === "") continue;
          const event = JSON.parse(line) as WatchEvent<T>;
          if (event.type === "ERROR") {
            const status = event.object as Status;
            if (status.code === 410) {
              version = undefined;
              return;
            }
            throw new ApiError(status.code ?? 0, status.reason ?? "Unknown", `watch ${path}: ${status.message}`);
          }
          const object = event.object as T;
          version = object.metadata.resourceVersion ?? version;
          if (event.type === "DELETED") drop(keyOf(object));
          else if (event.type !== "BOOKMARK") put(object);
          progressed();
        }
      }
    } finally {
      stream.destroy();
    }
  };

  const run = async (): Promise<void> => {
    let attempt = 0;
    const progressed = (): void => {
      attempt = 0;
    };
    while (!stopping.signal.aborted) {
      try {
        if (version === undefined) {
          version = await relist();
          attempt = 0;
        }
        await watch(version, progressed);
        // A watch that the server ended at once, again and again, must not become a busy loop.
        if (attempt > 0) await pause(delayMs(attempt, 50, 1000), stopping.signal);
        attempt++;
      } catch (error) {
        if (stopping.signal.aborted) return;
        if (error instanceof ApiError && error.code === 410) {
          version = undefined;
          continue;
        }
        options.onError?.(error);
        const wait = error instanceof ApiError ? error.retryAfterMs : undefined;
        await pause(wait ?? delayMs(attempt++, 100, options.maxDelayMs ?? 5000), stopping.signal);
      }
    }
  };
  void run();

  return {
    get: (name, namespace) => store.get(namespace === undefined ? name : `${namespace}/${name}`),
    byKey: (key) => store.get(key),
    list: (namespace) => {
      const all = [...store.values()];
      return namespace === undefined ? all : all.filter((object) => object.metadata.namespace === namespace);
    },
    onChange(handler) {
      handlers.push(handler);
      for (const [key, object] of store) handler(object, undefined, key);
    },
    onListed(handler) {
      listedHandlers.push(handler);
      if (listed) handler();
    },
    synced,
    hasSynced: () => listed,
    stop() {
      stopping.abort();
      refuseSync(new Error(`the informer of ${resource.plural} was stopped before its first list`));
    },
  };
}
