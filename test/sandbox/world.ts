/** What the suites about pods share: a client, waiting, and talking to a pod. */
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient, loadKubeconfig, resources, type Client, type Pod } from "../../sandbox/client/index.ts";

/** A place where pods run, however it is made. */
export interface World {
  /** Of an administrator. */
  readonly kubeconfig: string;
  /** Where a pod's port is, for this process. */
  locate(podIP: string, port: number): { host: string; port: number };
  /** Stops the kubelet as SIGKILL would, and gives what starts it again. Absent: this world cannot. */
  abandonKubelet?(): Promise<() => Promise<void>>;
  /** SIGKILL to the API server, and what starts it again. */
  killApiServer(): Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

export async function until<T>(what: string, look: () => Promise<T | undefined | false>, timeoutMs = 20_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`, { cause: last });
    await sleep(50);
  }
}

export const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;

export function openWorld(world: Pick<World, "kubeconfig" | "locate">) {
  const client: Client = createClient(loadKubeconfig(world.kubeconfig), "suite");
  const namespace = "default";
  const self = {
    client,
    namespace,
    pod: (name: string): Promise<Pod> => client.get<Pod>(resources.pods, name, namespace),
    /** Fails with the pod's last status and events when it does not become ready. */
    async ready(name: string): Promise<Pod> {
      try {
        return await until(`${name} to be ready`, async () => self.pod(name).then((pod) => isReady(pod) && pod));
      } catch (error) {
        const [pod, events] = await Promise.all([self.pod(name), self.events(name)]);
        const told = events.map(({ reason, message }) => `${reason}: ${message}`).join("\n");
        throw new Error(`${name} is not ready: ${JSON.stringify(pod.status, undefined, 2)}\n${told}`, { cause: error });
      }
    },
    gone: (name: string): Promise<boolean> =>
      until(`${name} to be gone`, () =>
        self.pod(name).then(
          () => false,
          (error: { code?: number }) => error.code === 404,
        ),
      ),
    /** The body of a pod's answer; throws what went wrong on the way, or the answer's status. */
    ask(pod: Pod, path: string, port = 8080): Promise<string> {
      const at = world.locate(pod.status?.podIP ?? "", port);
      return new Promise((done, fail) => {
        const sent = request({ ...at, path, agent: false, timeout: 5000 }, (answer) => {
          let text = "";
          answer.setEncoding("utf8");
          answer.on("data", (chunk: string) => (text += chunk));
          answer.on("end", () =>
            answer.statusCode === 200 ? done(text) : fail(new Error(`${path}: ${answer.statusCode} ${text}`)),
          );
        });
        sent.once("timeout", () => sent.destroy(new Error("timeout")));
        sent.once("error", fail);
        sent.end();
      });
    },
    async logs(name: string, query: Record<string, string> = {}): Promise<string> {
      const stream = await client.stream(`/api/v1/namespaces/${namespace}/pods/${name}/log`, { query });
      let text = "";
      stream.setEncoding("utf8");
      for await (const chunk of stream) text += chunk as string;
      return text;
    },
    events: async (
      name: string,
    ): Promise<{ reason: string; message: string; count: number; involvedObject: { name: string } }[]> => {
      const list = await client.list<never>(resources.events, namespace, { fieldSelector: `involvedObject.name=${name}` });
      return list.items;
    },
  };
  return self;
}
