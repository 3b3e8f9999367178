/** A world with a kubelet for a suite, and what its tests make of pods in it. */
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { resources, type Container, type Pod, type PodSpec } from "../../sandbox/client/index.ts";
import { openWorld, type World } from "./world.ts";

const member = join(import.meta.dirname, "fixtures", "member.mjs");

export type KubeletWorld = ReturnType<typeof kubeletWorld>;

/** To be called where tests are defined: `start` is called once, and what it gives is stopped at the end. */
export function kubeletWorld(start: () => Promise<World>) {
  let world: World;
  let at: ReturnType<typeof openWorld>;
  beforeAll(async () => {
    world = await start();
    at = openWorld(world);
  }, 90_000);
  afterAll(async () => {
    at?.client.close();
    await world?.stop();
  }, 60_000);

  const container = (own: Partial<Container> = {}): Container => ({
    name: "main",
    image: "test.invalid/member:1",
    command: ["node", member],
    readinessProbe: { httpGet: { path: "/ready", port: 8080 }, periodSeconds: 1 },
    ...own,
  });
  const createPod = (podName: string, own: Partial<Container>, spec: Partial<PodSpec> = {}): Promise<Pod> =>
    at.client.create<Pod>(resources.pods, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: podName, namespace: at.namespace, labels: { pod: podName } },
      spec: { terminationGracePeriodSeconds: 2, ...spec, containers: [container(own), ...(spec.containers ?? [])] },
    });
  const bare = { readinessProbe: undefined } as unknown as Partial<Container>;
  const remove = async (podName: string): Promise<void> => {
    await at.client.delete(resources.pods, podName, at.namespace);
    await at.gone(podName);
  };
  const states = (pod: Pod) => pod.status?.containerStatuses?.[0];

  return {
    get world() {
      return world;
    },
    get at() {
      return at;
    },
    container,
    createPod,
    bare,
    remove,
    states,
  };
}
