/**
 * What a pod may expect of the kubelet, whichever API server stands behind it. Run against the sandbox and against a real control
 * plane: a difference between the two is a defect of the sandbox.
 */
import { describe, expect, it } from "vitest";
import { resources } from "../../sandbox/client/index.ts";
import { until, type World } from "./world.ts";
import { podCases } from "./kubelet-pods.ts";
import { statefulSetCases } from "./kubelet-sets.ts";
import { kubeletWorld } from "./kubelet-world.ts";

/**
 * `start` is called once; the world it gives is stopped at the end. Where the kubelet is part of a larger program, its death is that
 * program's, and is tried there.
 */
export function kubeletContract(name: string, start: () => Promise<World>, abilities: { abandonKubelet: boolean }): void {
  describe(`pods as processes, ${name}`, () => {
    const kubelet = kubeletWorld(start);
    const { createPod, remove, states } = kubelet;

    statefulSetCases(kubelet);
    podCases(kubelet);

    if (abilities.abandonKubelet) {
      it("finds its pods again after it was killed: the same processes, and none that nobody wants", async () => {
        if (kubelet.world.abandonKubelet === undefined) throw new Error("this world's kubelet cannot be killed on its own");
        await createPod("kept", {});
        await createPod("unwanted", {});
        const [kept, unwanted] = await Promise.all([kubelet.at.ready("kept"), kubelet.at.ready("unwanted")]);
        const { pid } = JSON.parse(await kubelet.at.ask(kept, "/"));
        const revive = await kubelet.world.abandonKubelet();
        await kubelet.at.client.delete(resources.pods, "unwanted", kubelet.at.namespace, { gracePeriodSeconds: 0 });
        expect(JSON.parse(await kubelet.at.ask(unwanted, "/")).name).toBe("unwanted");
        await revive();
        await until("the end of what nobody wants", () =>
          kubelet.at.ask(unwanted, "/").then(
            () => false,
            () => true,
          ),
        );
        expect(JSON.parse(await kubelet.at.ask(await kubelet.at.ready("kept"), "/")).pid).toBe(pid);
        expect(states(await kubelet.at.pod("kept"))?.restartCount).toBe(0);
        // An adopted process is watched: it restarts when it ends, and its log goes on.
        await kubelet.at.ask(kept, "/kill");
        await until("the restart", async () =>
          kubelet.at.pod("kept").then((found) => states(found)?.restartCount === 1 && states(found)?.ready),
        );
        await remove("kept");
      });
    }

    it("goes on without the API server, and tells it afterwards", async () => {
      await createPod("steady", {});
      const pod = await kubelet.at.ready("steady");
      const revive = await kubelet.world.killApiServer();
      const { pid } = JSON.parse(await kubelet.at.ask(pod, "/"));
      await kubelet.at.ask(pod, "/kill");
      await until("the restart without an API server", async () => JSON.parse(await kubelet.at.ask(pod, "/")).pid !== pid);
      await revive();
      await until("the news", async () =>
        kubelet.at.pod("steady").then((found) => states(found)?.restartCount === 1 && states(found)?.ready),
      );
      await remove("steady");
    });
  });
}
