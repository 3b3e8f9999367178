/**
 * The frame of a controller: informers in, keys through a queue, one `reconcile(key)` that looks at what is and does the next step.
 * Level-triggered: a key says where to look, never what happened; every key comes round again at each resync.
 */
import {
  createWorkQueue,
  isConflict,
  isNotFound,
  startInformer,
  type Client,
  type EventRecorder,
  type Informer,
  type KubernetesObject,
  type Resource,
} from "../client/index.ts";

export interface ControllerContext {
  readonly client: Client;
  /** One informer per kind, shared by all controllers. */
  informer<T extends KubernetesObject>(resource: Resource): Informer<T>;
  readonly events: EventRecorder;
  readonly report: (what: string, error: unknown) => void;
}

export interface Controller {
  readonly name: string;
  stop(): Promise<void>;
}

export interface Source {
  readonly resource: Resource;
  /** The keys to look at when this object changed. */
  readonly keys: (object: any) => readonly string[];
}

export interface ControllerSpec {
  readonly name: string;
  readonly sources: readonly Source[];
  /** May ask to come back in so many milliseconds. */
  readonly reconcile: (key: string) => Promise<number | void>;
  readonly resyncMs?: number;
}

export function runController(context: ControllerContext, spec: ControllerSpec): Controller {
  const seen = new Map<Resource, Informer<KubernetesObject>>();
  for (const { resource } of spec.sources) seen.set(resource, context.informer(resource));
  let warned = 0;
  const queue = createWorkQueue(
    async (key) => {
      const again = await spec.reconcile(key);
      if (typeof again === "number") queue.add(key, Math.max(1, again));
    },
    {
      onError(key, error) {
        // Conflicts and objects that have just gone are everyday; the next look sorts them out.
        if (isConflict(error) || isNotFound(error) || Date.now() - warned < 2000) return;
        warned = Date.now();
        context.report(`${spec.name} ${key}`, error);
      },
    },
  );
  let stopped = false;
  const everything = (): void => {
    for (const { resource, keys } of spec.sources)
      for (const object of seen.get(resource)?.list() ?? []) for (const key of keys(object)) queue.add(key);
  };
  // Only with all the caches filled: half a picture would create what is already there.
  void Promise.all([...seen.values()].map((informer) => informer.synced)).then(
    () => {
      if (stopped) return;
      for (const { resource, keys } of spec.sources) {
        seen.get(resource)?.onChange((current, previous) => {
          const found = new Set([
            ...(previous === undefined ? [] : keys(previous)),
            ...(current === undefined ? [] : keys(current)),
          ]);
          for (const key of found) queue.add(key);
        });
      }
    },
    () => undefined,
  );
  const timer = setInterval(everything, spec.resyncMs ?? 30_000);
  timer.unref();
  return {
    name: spec.name,
    async stop() {
      stopped = true;
      clearInterval(timer);
      await queue.stop();
    },
  };
}

/** Informers made on first use. */
export function createSharedInformers(client: Client, report: (what: string, error: unknown) => void) {
  const made = new Map<Resource, Informer<KubernetesObject>>();
  return {
    get<T extends KubernetesObject>(resource: Resource): Informer<T> {
      let informer = made.get(resource);
      if (informer === undefined) {
        informer = startInformer(client, resource, { onError: (error) => report(resource.plural, error) });
        made.set(resource, informer);
      }
      return informer as unknown as Informer<T>;
    },
    stop: () => made.forEach((informer) => informer.stop()),
  };
}
