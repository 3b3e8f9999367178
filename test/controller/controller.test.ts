import { afterEach, describe, expect, test } from "vitest";
import type { DataflowSpec } from "../../controller/api/index.ts";
import { startHarness, type Harness } from "./fakes/harness.ts";

let harness: Harness;
afterEach(() => harness.stop());

const stateful: DataflowSpec = { flow: { inline: "export default 1;" }, workers: 2, recovery: { store: "file:///state/a" } };
const phase = () => harness.status("a").phase;
const running = (workers: number) => () =>
  phase() === "Running" && harness.status("a").readyWorkers === workers && harness.status("a").workers === workers;

async function started(spec: DataflowSpec, options = {}): Promise<void> {
  harness = await startHarness(options);
  await harness.create("a", spec);
  await harness.until("running", running(spec.workers ?? 1));
}

describe("the controller", () => {
  test("goes on where another stopped, at any point of a rescale", async () => {
    await started(stateful);
    for (const workers of [5, 2, 4]) {
      await harness.patch("a", { workers });
      for (let cut = 0; cut < 4; cut++) {
        await new Promise((resolve) => setTimeout(resolve, 15 + 11 * cut));
        await harness.stopController();
        harness.startController();
      }
      await harness.until(`${workers} workers`, () => running(workers)() && harness.pods("a").length === workers);
    }
  }, 40_000);

  /** The controller dies at its `requests`-th write to the API: that one and all later ones never arrive. */
  const dieAfter = async (requests: number): Promise<void> => {
    let left = requests;
    harness.server.chaos = (method) => (method === "GET" || left-- > 0 ? undefined : 500);
    harness.model.beforePost = () => {
      if (left < 0) throw new Error("nobody is there to ask");
    };
    await new Promise((resolve) => setTimeout(resolve, 120));
    await harness.stopController();
    harness.server.chaos = undefined;
    delete harness.model.beforePost;
    harness.startController();
  };

  test("may die after any of its writes, in any of its doings", async () => {
    await started(stateful);
    let image = 1;
    for (let writes = 1; writes <= 9; writes += 2) {
      const workers = 2 + (writes % 3);
      await harness.patch("a", { workers });
      await dieAfter(writes);
      await harness.until(
        `${workers} workers, ${writes} writes`,
        () => running(workers)() && harness.pods("a").length === workers,
        15_000,
      );

      const before = harness.status("a").stableSpecHash;
      await harness.patch("a", { image: `weir:${++image}` });
      await dieAfter(writes);
      await harness.until(
        `upgrade, ${writes} writes`,
        () => running(workers)() && harness.status("a").stableSpecHash !== before,
        15_000,
      );

      await harness.patch("a", { state: "Suspended" });
      await dieAfter(writes);
      await harness.until(`suspended, ${writes} writes`, () => phase() === "Suspended" && harness.pods("a").length === 0, 15_000);
      await harness.patch("a", { state: "Running" });
      await dieAfter(writes);
      await harness.until(`resumed, ${writes} writes`, running(workers), 15_000);
    }
    // One store, one manifest, all the way: nothing ever started from nothing.
    expect([...harness.model.manifests.keys()]).toEqual(["file:///state/a"]);
    await harness.remove("a");
    await dieAfter(3);
    await harness.until("gone", () => harness.server.list("/apis/weir.dev/v1alpha1/dataflows").length === 0, 15_000);
  }, 120_000);

  test("leads alone, and another takes over when it leaves", async () => {
    harness = await startHarness({ leaderElection: true, namespaces: ["default"] });
    const lease = () => harness.server.list("/apis/coordination.k8s.io/v1/leases")[0]?.spec.holderIdentity as string | undefined;
    await harness.create("a", stateful);
    await harness.until("running", running(2));
    const first = lease();
    expect(first).toMatch(/_[0-9a-f]{8}$/);
    await harness.stopController();
    expect(lease()).toBe("");
    harness.startController();
    await harness.patch("a", { workers: 3 });
    await harness.until("grown by the next", running(3));
    expect(lease()).not.toBe(first);
  });

  test("looks after its own namespaces only", async () => {
    harness = await startHarness({ namespaces: ["elsewhere"] });
    await harness.create("a", stateful);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect([harness.status("a"), harness.pods("a")]).toEqual([{}, []]);
  });

  test("does not disturb a flow by being away", async () => {
    await started(stateful);
    const uids = () => ["a-0", "a-1"].map((pod) => harness.server.get(`/api/v1/namespaces/default/pods/${pod}`)?.metadata.uid);
    const before = uids();
    await harness.stopController();
    harness.startController();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(uids()).toEqual(before);
    expect(harness.model.calls).toEqual([]);
  });

  test("gets through an API server in trouble", async () => {
    await started(stateful);
    let turn = 0;
    harness.server.chaos = () => (++turn % 3 === 0 ? [429, 500, 503][(turn % 4) % 3] : undefined);
    const chaos = setInterval(() => {
      harness.server.dropWatches();
      if (turn % 2 === 0) harness.server.compact();
    }, 200);
    try {
      await harness.patch("a", { workers: 4 });
      await harness.until("grown", running(4), 30_000);
    } finally {
      clearInterval(chaos);
      harness.server.chaos = undefined;
    }
  }, 60_000);
});
