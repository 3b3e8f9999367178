import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  createKubeClient,
  createLeaderElection,
  type KubeClient,
  type LeaderElection,
} from "../../../controller/machinery/index.ts";
import { startFakeApiServer, type FakeApiServer } from "../fakes/api-server.ts";
import { systemClock } from "../../../controller/machinery/index.ts";

let server: FakeApiServer;
let client: KubeClient;
beforeEach(async () => {
  server = await startFakeApiServer();
  client = createKubeClient(server.config);
});
afterEach(async () => {
  client.close();
  await server.close();
});

const path = "/apis/coordination.k8s.io/v1/namespaces/default/leases/weir";
const election = (identity: string): LeaderElection =>
  createLeaderElection({
    client,
    clock: systemClock,
    namespace: "default",
    name: "weir",
    identity,
    leaseMs: 600,
    renewDeadlineMs: 400,
    retryMs: 40,
  });
const holder = () => server.get(path)?.spec.holderIdentity as string | undefined;
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("leader election", () => {
  test("lets one lead and the next only when the lease is released", async () => {
    const [a, b] = [election("a"), election("b")];
    const [stopA, stopB] = [new AbortController(), new AbortController()];
    expect(await a.acquire(stopA.signal)).toBe(true);
    const held = a.hold(stopA.signal);
    let leads = false;
    const waiting = b.acquire(stopB.signal).then((won) => (leads = won));
    await wait(1000);
    expect([holder(), leads]).toEqual(["a", false]);
    stopA.abort();
    expect(await held).toBe("released");
    await waiting;
    expect([holder(), leads]).toEqual(["b", true]);
    expect(server.get(path)!.spec.leaseTransitions).toBe(1);
  });

  test("takes a lease over when its holder is gone, not before it ran out", async () => {
    expect(await election("a").acquire(new AbortController().signal)).toBe(true);
    const began = Date.now();
    expect(await election("b").acquire(new AbortController().signal)).toBe(true);
    expect(Date.now() - began).toBeGreaterThanOrEqual(590);
    expect(holder()).toBe("b");
  });

  test("gives exactly one of many that start together the lease", async () => {
    const stop = new AbortController();
    const won: string[] = [];
    const all = Promise.all(
      ["a", "b", "c", "d"].map(async (identity) => (await election(identity).acquire(stop.signal)) && won.push(identity)),
    );
    await wait(300);
    stop.abort();
    await all;
    expect(won).toHaveLength(1);
    expect(won[0]).toBe(holder());
  });

  test("is lost when it can't be renewed in time", async () => {
    const a = election("a");
    const stop = new AbortController();
    await a.acquire(stop.signal);
    const held = a.hold(stop.signal);
    await wait(100);
    server.chaos = () => 500;
    const began = Date.now();
    expect(await held).toBe("lost");
    expect(Date.now() - began).toBeLessThan(2500);
  });

  test("survives single failures", async () => {
    const a = election("a");
    const stop = new AbortController();
    await a.acquire(stop.signal);
    const held = a.hold(stop.signal);
    server.failNext((method) => method === "PUT", 500, 2);
    await wait(500);
    stop.abort();
    expect(await held).toBe("released");
    expect(holder()).toBe("");
  });

  test("is lost when somebody else took it", async () => {
    const a = election("a");
    const stop = new AbortController();
    await a.acquire(stop.signal);
    const held = a.hold(stop.signal);
    let stolen = false;
    const stealing = (async () => {
      for (; !stolen; await wait(100)) {
        const lease = server.get(path)!;
        await client.request("PATCH", path, {
          body: { spec: { ...lease.spec, holderIdentity: "thief", renewTime: new Date().toISOString() } },
          contentType: "application/merge-patch+json",
        });
      }
    })();
    expect(await held).toBe("lost");
    stolen = true;
    await stealing;
    expect(holder()).toBe("thief");
  });
});
