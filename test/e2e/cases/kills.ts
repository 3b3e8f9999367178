/** SIGKILL to everything that a flow lives by, one after the other, while it works: what it has written is exact in the end. */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { resources } from "../../../sandbox/client/index.ts";
import type { Suite } from "../suite.ts";
import { exactly, linesOf } from "../output.ts";

const name = "hunted";
/** Deaths in a row, at moments that a generator of numbers picks. */
const deaths = 10;

export function killCases(suite: Suite): void {
  describe("a flow under fire", () => {
    /** The process that it was. */
    const kill = (pod: string): string => {
      const victim = suite.flows.process(pod, name);
      const pid = Number(victim.split(" ")[0]);
      // Signals to 0 and below go to whole groups of processes: our own, for one.
      if (!(Number.isInteger(pid) && pid > 0)) throw new Error(`${pod} says that its process is "${victim}"`);
      suite.world.killWorker(pod, pid);
      return victim;
    };
    const restarted = (pod: string, before: string | undefined) =>
      suite.flows.until(name, `another container of ${pod}`, async () => {
        const now = (await suite.flows.containers(name))[pod];
        return now !== undefined && now !== before;
      });

    beforeAll(async () => {
      await suite.flows.create(name, { workers: 2, params: { rate: "100" } });
      await suite.flows.running(name, 2);
      await suite.flows.flowing(name);
    }, 120_000);

    for (const pod of ["hunted-1", "hunted-0"])
      it(`goes on when the worker of ${pod} is killed`, async () => {
        const { flows } = suite;
        const before = await flows.containers(name);
        const { execution = 0 } = (await flows.get(name)).status ?? {};
        kill(pod);
        await restarted(pod, before[pod]);
        const flow = await flows.running(name, 2);
        expect(flow.status?.execution).toBeGreaterThan(execution);
        // The other one waited for it, and was not started again.
        const other = pod === "hunted-0" ? "hunted-1" : "hunted-0";
        expect((await flows.containers(name))[other]).toBe(before[other]);
        await flows.flowing(name);
      });

    it("goes on without a controller, and killed rescales are carried on by the next", async ({ skip }) => {
      const { flows, world } = suite;
      const { controller } = world;
      if (controller === undefined) return skip("the controller is not ours to kill");
      const before = await flows.containers(name);
      // At once, when the new pod is asked for, and when the workers may be at it.
      for (const [workers, after] of [
        [3, 0],
        [2, 300],
        [3, 900],
      ] as const) {
        await flows.patch(name, { workers });
        await flows.until(name, "a rescale under way", async () => (await flows.get(name)).status?.phase === "Rescaling");
        await new Promise((resolve) => setTimeout(resolve, after));
        await controller.kill();
        await flows.flowing(name);
        controller.start();
        await flows.running(name, workers);
        expect(await flows.containers(name)).toMatchObject(before);
      }
      await flows.flowing(name);
    });

    it("is looked after by a controller that stood by, when the leader is killed", async ({ skip }) => {
      const { flows, world } = suite;
      const { controller } = world;
      if (controller === undefined) return skip("the controller is not ours to kill");
      const before = await flows.containers(name);
      controller.start();
      await flows.until(name, "the other controller to stand by", async () => {
        const waiting = readFileSync(controller.log, "utf8").split("waiting for the lease").length - 1;
        const leading = readFileSync(controller.log, "utf8").split("controller started").length - 1;
        return waiting > leading;
      });
      await controller.kill();
      await flows.patch(name, { workers: 2 });
      await flows.running(name, 2);
      await flows.patch(name, { workers: 3 });
      await flows.running(name, 3);
      const { "hunted-2": _gone, ...stayed } = before;
      expect(await flows.containers(name)).toMatchObject(stayed);
    });

    it("goes on without an API server, restarts its worker without it, and takes orders when it is back", async ({ skip }) => {
      const { flows, world } = suite;
      if (world.killApiServer === undefined) return skip("the API server is not ours to kill");
      const before = await flows.containers(name);
      const revive = await world.killApiServer();
      const lines = async (more: number): Promise<void> => {
        const from = linesOf(flows.dir(name)).length;
        const deadline = Date.now() + 60_000;
        while (linesOf(flows.dir(name)).length < from + more) {
          if (Date.now() > deadline) throw new Error("no output without an API server");
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      };
      await lines(100);
      const victim = kill("hunted-2");
      const deadline = Date.now() + 60_000;
      while (flows.process("hunted-2", name) === victim) {
        if (Date.now() > deadline) throw new Error("the worker was not started again without an API server");
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      await lines(100);
      await revive();
      await flows.running(name, 3);
      expect((await flows.containers(name))["hunted-0"]).toBe(before["hunted-0"]);
      await flows.patch(name, { workers: 1 });
      await flows.running(name, 1);
    });

    it(`goes on after ${deaths} deaths of one or the other, some before the flow was well again`, async () => {
      const { flows } = suite;
      await flows.patch(name, { workers: 2 });
      await flows.running(name, 2);
      let random = 12_345;
      for (let death = 0; death < deaths; death++) {
        random = (random * 1_103_515_245 + 12_345) % 2 ** 31;
        const pod = `hunted-${random % 2}`;
        await new Promise((resolve) => setTimeout(resolve, (random >> 8) % 1500));
        const victim = flows.process(pod, name);
        const restarts = (await flows.pods(name)).find((seen) => seen.metadata.name === pod)?.status?.containerStatuses?.[0]
          ?.restartCount;
        // A kubelet is patient with a first death only; after it, the pod goes as a whole, as when a node is lost.
        if (restarts === 0) kill(pod);
        else await flows.client.delete(resources.pods, pod, flows.namespace, { gracePeriodSeconds: 0 });
        await flows.until(name, `another process of ${pod}`, async () => flows.process(pod, name) !== victim);
      }
      await flows.running(name, 2);
      await flows.flowing(name);
    });

    it("has written every line exactly once", async () => {
      const { flows } = suite;
      // Its input ends a little after what was read last.
      const last = Math.max(...linesOf(flows.dir(name)).map((line) => line.index));
      const count = last + 1000;
      await flows.patch(name, { params: { count: String(count) } });
      await flows.phase(name, "Completed");
      expect(exactly(flows.dir(name), count)).toBe(4 * count);
      await flows.remove(name);
      await flows.gone(name);
    });
  });
}
