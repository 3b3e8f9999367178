import { expect, test } from "vitest";
import { createClient, loadKubeconfig, resources, type KubernetesObject } from "../../sandbox/client/index.ts";
import { sandboxWorld } from "./sandbox-world.ts";

type Node = KubernetesObject & {
  status: { addresses: { address: string }[]; daemonEndpoints: { kubeletEndpoint: { Port: number } } };
};

test("the kubelet gives logs to the API server only, not to whoever else is on this machine", async () => {
  const world = await sandboxWorld();
  const access = loadKubeconfig(world.kubeconfig);
  const client = createClient(access, "test");
  try {
    const { status } = await client.get<Node>(resources.nodes, "sandbox");
    const ask = (headers: Record<string, string>) =>
      fetch(
        `http://${status.addresses[0]!.address}:${status.daemonEndpoints.kubeletEndpoint.Port}/containerLogs/default/any/main`,
        { headers },
      );
    expect((await ask({})).status).toBe(401);
    // Nor for the administrator's token, which is none of the kubelet's business.
    expect((await ask({ authorization: `Bearer ${access.token}` })).status).toBe(401);
  } finally {
    client.close();
    await world.stop();
  }
});
