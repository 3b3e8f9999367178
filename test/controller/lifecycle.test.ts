import { afterEach, describe, expect, test } from "vitest";
import type { DataflowSpec } from "../../controller/api/index.ts";
import { startHarness, type Harness } from "./fakes/harness.ts";

let harness: Harness;
afterEach(() => harness.stop());

const stateful: DataflowSpec = { flow: { inline: "export default 1;" }, workers: 2, recovery: { store: "file:///state/a" } };
const events = () => harness.server.list("/api/v1/events").map((event) => event.reason as string);
const phase = () => harness.status("a").phase;
const running = (workers: number) => () =>
  phase() === "Running" && harness.status("a").readyWorkers === workers && harness.status("a").workers === workers;
const codeMaps = () => harness.server.list("/api/v1/configmaps").filter((map) => map.metadata.name.startsWith("a-code-"));

async function started(spec: DataflowSpec, options = {}): Promise<void> {
  harness = await startHarness(options);
  await harness.create("a", spec);
  await harness.until("running", running(spec.workers ?? 1));
}

describe("a Dataflow", () => {
  test("starts, with all its children", async () => {
    await started(stateful);
    expect(harness.pods("a")).toEqual(["a-0", "a-1"]);
    const kinds = ["services", "serviceaccounts", "secrets"].map((plural) =>
      harness.server.list(`/api/v1/${plural}`).map((child) => child.metadata.name),
    );
    expect(kinds).toEqual([["a"], ["a"], ["a-mesh"]]);
    expect(harness.server.list("/apis/policy/v1/poddisruptionbudgets")).toHaveLength(1);
    const status = harness.status("a");
    expect(status).toMatchObject({ phase: "Running", workers: 2, readyWorkers: 2, execution: 1, selector: "weir.dev/dataflow=a" });
    expect(status.conditions?.map((entry) => [entry.type, entry.status])).toEqual([
      ["Ready", "True"],
      ["Progressing", "False"],
      ["Degraded", "False"],
      ["RecoveryHealthy", "True"],
    ]);
    expect(status.stableSpecHash).toMatch(/^[0-9a-f]{16}$/);
    await harness.until("event", () => events().includes("Started"));
  });

  test("brings back children that somebody removes or changes", async () => {
    await started(stateful);
    await harness.client.request("DELETE", "/api/v1/namespaces/default/services/a");
    await harness.client.request("PATCH", "/api/v1/namespaces/default/configmaps/a-topology", {
      body: { data: { processes: "9" } },
      contentType: "application/merge-patch+json",
    });
    await harness.until("service is back", () => harness.server.get("/api/v1/namespaces/default/services/a") !== undefined);
    await harness.until(
      "topology is back",
      () => harness.server.get("/api/v1/namespaces/default/configmaps/a-topology")?.data.processes === "2",
    );
  });

  test("upgrades with a snapshot: drains, replaces all pods, and removes the old code", async () => {
    await started(stateful);
    const before = harness.status("a").stableSpecHash;
    const oldCode = codeMaps()[0]!.metadata.name;
    await harness.patch("a", { flow: { inline: "export default 2;" } });
    await harness.until("upgraded", () => running(2)() && harness.status("a").stableSpecHash !== before);
    expect(harness.model.calls.map((call) => call.path)).toEqual(["/drain"]);
    await harness.until("old code is gone", () => codeMaps().length === 1 && codeMaps()[0]!.metadata.name !== oldCode);
    await harness.until("events", () => events().includes("Upgrading") && events().includes("Upgraded"));
  });

  test("goes back to the last stable spec when the new one does not come up", async () => {
    await started(stateful);
    const before = harness.status("a").stableSpecHash;
    await harness.patch("a", { params: { broken: "yes" }, upgrade: { progressDeadlineSeconds: 1 } });
    await harness.until("rolled back", () => events().includes("RolledBack"));
    await harness.until("running", running(2));
    const status = harness.status("a");
    expect(status.stableSpecHash).toBe(before);
    expect(status.conditions?.find((entry) => entry.type === "Degraded")).toMatchObject({ status: "True", reason: "RolledBack" });
    expect(status.conditions?.find((entry) => entry.type === "Degraded")?.message).toContain('step "split": boom');
    // It is not tried again, until the spec changes.
    await harness.patch("a", { params: { broken: null, other: "x" } });
    await harness.until("the mended spec runs", () => running(2)() && harness.status("a").stableSpecHash !== before);
    expect(harness.status("a").conditions?.find((entry) => entry.type === "Degraded")?.status).toBe("False");
  });

  test("says what is wrong when it does not come up at all", async () => {
    harness = await startHarness();
    await harness.create("a", { ...stateful, params: { broken: "yes" } });
    await harness.until("failed", () => phase() === "Failed");
    expect(harness.status("a").conditions?.find((entry) => entry.type === "Ready")).toMatchObject({
      status: "False",
      reason: "WeirStepFailed",
    });
  });

  test("grows and shrinks without replacing a pod that stays", async () => {
    await started(stateful);
    const first = harness.server.get("/api/v1/namespaces/default/pods/a-0")!.metadata.uid;
    const template = JSON.stringify(harness.server.get("/apis/apps/v1/namespaces/default/statefulsets/a")!.spec.template);
    await harness.patch("a", { workers: 4 });
    await harness.until("grown", running(4));
    expect(harness.status("a").lastRescale).toMatchObject({ from: 2, to: 4, reason: "SpecChanged" });
    expect(harness.pods("a")).toHaveLength(4);
    await harness.patch("a", { workers: 1 });
    await harness.until("shrunk", () => running(1)() && harness.pods("a").length === 1);
    expect(harness.status("a").lastRescale).toMatchObject({ from: 4, to: 1 });
    expect(harness.server.get("/api/v1/namespaces/default/pods/a-0")!.metadata.uid).toBe(first);
    expect(JSON.stringify(harness.server.get("/apis/apps/v1/namespaces/default/statefulsets/a")!.spec.template)).toBe(template);
    expect(harness.model.calls.map((call) => call.path)).toEqual(["/rescale", "/rescale"]);
  });

  test("tries a refused rescale again", async () => {
    await started(stateful);
    let refusals = 1;
    harness.model.beforePost = () => {
      if (refusals-- > 0) throw new Error("409: another change runs");
    };
    await harness.patch("a", { workers: 3 });
    await harness.until("grown", running(3));
    await harness.until("event", () => events().includes("RescaleRefused"));
  });

  test("without recovery, restarts to change the number of workers", async () => {
    await started({ flow: { path: "/app/flow.ts" }, workers: 1 });
    await harness.patch("a", { workers: 3 });
    await harness.until("restarted", running(3));
    expect(harness.status("a").lastRescale).toMatchObject({ from: 1, to: 3, reason: "SpecChanged" });
    expect(harness.model.calls).toEqual([]);
  });

  test("suspends with a snapshot and resumes, with a changed spec and another number of workers", async () => {
    await started(stateful);
    await harness.patch("a", { state: "Suspended" });
    await harness.until("suspended", () => phase() === "Suspended" && harness.pods("a").length === 0);
    expect(harness.status("a")).toMatchObject({ workers: 0, readyWorkers: 0 });
    // The snapshot of the drain, which no worker is left to tell of.
    expect(harness.status("a").lastSnapshot?.epoch).toBe(harness.model.manifests.get("file:///state/a")?.epoch);
    expect(harness.model.calls.map((call) => call.path)).toEqual(["/drain"]);
    await harness.patch("a", { params: { x: "y" }, workers: 3 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(harness.pods("a")).toEqual([]);
    await harness.patch("a", { state: "Running" });
    await harness.until("resumed", running(3));
    expect(harness.model.manifests.get("file:///state/a")?.processes).toBe(3);
  });

  test("restarts when restartNonce changes, and only then", async () => {
    await started(stateful);
    const uid = () => harness.server.get("/api/v1/namespaces/default/pods/a-1")?.metadata.uid;
    const first = uid();
    await harness.patch("a", { restartNonce: 1 });
    await harness.until("restarted", () => uid() !== undefined && uid() !== first && running(2)());
    const second = uid();
    await harness.patch("a", { deletionPolicy: "Delete" });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(uid()).toBe(second);
  });

  test("goes back to a snapshot once", async () => {
    await started(stateful);
    const env = () =>
      harness.server.get("/apis/apps/v1/namespaces/default/statefulsets/a")!.spec.template.spec.containers[0].env as {
        name: string;
        value: string;
      }[];
    await harness.patch("a", { restoreFrom: { epoch: 3 } });
    await harness.until("restored", () => env().some((entry) => entry.name === "WEIR_RESTORE_EPOCH" && entry.value === "3"));
    // Once a newer snapshot is committed, pods without it take over, so that a restarted container does not go back again.
    await harness.until("running", () => events().includes("Restored") && events().includes("Restarted") && running(2)());
    expect(env().some((entry) => entry.name === "WEIR_RESTORE_EPOCH")).toBe(false);
    const drained = harness.model.calls.length;
    await harness.patch("a", { workers: 3 });
    await harness.until("grown", running(3));
    expect(harness.model.calls.slice(drained).map((call) => call.path)).toEqual(["/rescale"]);
  });

  test("completes, gives its pods back and stays so until the spec changes", async () => {
    await started(stateful);
    harness.model.complete("a");
    await harness.until("completed", () => phase() === "Completed" && harness.pods("a").length === 0);
    expect(harness.status("a").epoch).toBeGreaterThan(0);
    await harness.stopController();
    harness.startController();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect([phase(), harness.pods("a")]).toEqual(["Completed", []]);
    await harness.patch("a", { params: { again: "yes" } });
    await harness.until("runs again", () => harness.pods("a").length === 2);
  });

  test("keeps its state when it is deleted, and leaves nothing else", async () => {
    await started(stateful);
    await harness.remove("a");
    await harness.until("gone", () => harness.server.list("/apis/weir.dev/v1alpha1/dataflows").length === 0);
    await harness.until(
      "no children",
      () => harness.server.list("/api/v1/configmaps").length + harness.server.list("/apis/apps/v1/statefulsets").length === 0,
    );
    expect(harness.model.calls.map((call) => call.path)).toEqual(["/drain"]);
    expect(
      harness.server.requests.some((request) => request.method === "POST" && request.body?.metadata?.name === "a-delete-state"),
    ).toBe(false);
  });

  test("deletes its state when the policy says so", async () => {
    await started({ ...stateful, deletionPolicy: "Delete" });
    await harness.remove("a");
    await harness.until("gone", () => harness.server.list("/apis/weir.dev/v1alpha1/dataflows").length === 0);
    const pod = harness.server.requests.find(
      (request) => request.method === "POST" && request.body?.metadata?.name === "a-delete-state",
    )!.body;
    expect(pod.spec.containers[0].args).toEqual(["snapshot", "delete", "--yes", "file:///state/a"]);
    expect(events()).toContain("StateDeleted");
  });

  test("goes even when its state can't be deleted, and says so", async () => {
    await started({ ...stateful, deletionPolicy: "Delete" }, { cleanupSucceeds: false });
    await harness.remove("a");
    await harness.until("gone", () => harness.server.list("/apis/weir.dev/v1alpha1/dataflows").length === 0, 25_000);
    expect(events()).toContain("StateNotDeleted");
  });

  test("goes with its namespace, in which nothing can be made any more", async () => {
    await started({ ...stateful, deletionPolicy: "Delete" });
    // What a namespace that is going away does: everything goes at once, and nothing new is let in.
    harness.server.chaos = (method, path) =>
      method === "POST" || (method === "PATCH" && !path.includes("/dataflows/")) ? 403 : undefined;
    await harness.remove("a");
    for (const path of ["/api/v1/namespaces/default/configmaps/a-record", "/apis/apps/v1/namespaces/default/statefulsets/a"])
      await harness.client.request("DELETE", path);
    await harness.until("gone", () => harness.server.list("/apis/weir.dev/v1alpha1/dataflows").length === 0, 20_000);
  });

  test("leaves a running flow alone while its spec can't be followed", async () => {
    await started(stateful);
    await harness.patch("a", { flow: { inline: null, configMap: { name: "nowhere" } } });
    await harness.until(
      "told",
      () =>
        harness
          .status("a")
          .conditions?.some((entry) => entry.reason === "InvalidSpec" && entry.message.includes('no ConfigMap "nowhere"')) === true,
    );
    expect(harness.pods("a")).toHaveLength(2);
    expect(harness.status("a").phase).toBe("Running");
    await harness.client.request("POST", "/api/v1/namespaces/default/configmaps", {
      body: { metadata: { name: "nowhere" }, data: { "flow.ts": "export default 3;" } },
    });
    await harness.until("upgraded", () => events().includes("Upgraded"));
  });

  test("keeps its pods when the API server would refuse the new ones", async () => {
    await started(stateful);
    const uid = harness.server.get("/api/v1/namespaces/default/pods/a-0")!.metadata.uid;
    await harness.patch("a", { template: { spec: { nodeSelector: "refused" } } });
    await harness.until(
      "told",
      () => harness.status("a").conditions?.some((entry) => entry.type === "Degraded" && entry.reason === "ApplyFailed") === true,
    );
    expect(harness.status("a").conditions?.find((entry) => entry.type === "Degraded")?.message).toContain("nodeSelector: refused");
    expect(harness.status("a").conditions?.find((entry) => entry.type === "Ready")?.status).toBe("True");
    expect(harness.server.get("/api/v1/namespaces/default/pods/a-0")!.metadata.uid).toBe(uid);
    expect(harness.model.calls).toEqual([]);
    await harness.patch("a", { template: { spec: { nodeSelector: { disk: "ssd" } } } });
    await harness.until("upgraded", () => events().includes("Upgraded"));
  });

  test("refuses to lose state by a changed store", async () => {
    await started(stateful);
    await harness.patch("a", { recovery: { store: "file:///state/other" } });
    await harness.until(
      "told",
      () => harness.status("a").conditions?.some((entry) => entry.message.includes("where the flow's state is")) === true,
    );
    await harness.patch("a", { upgrade: { mode: "Stateless" } });
    await harness.until(
      "starts from nothing",
      () => [...harness.model.manifests.keys()].some((store) => store.startsWith("file:///state/other")) && running(2)(),
    );
  });

  test("is restarted when it is not ready for too long", async () => {
    await started(stateful, { unhealthyAfter: 1500 });
    const hung = [...harness.model.processes.values()].find((entry) => entry.pod === "a-1")!;
    const uid = harness.server.get("/api/v1/namespaces/default/pods/a-1")!.metadata.uid;
    hung.phase = "exited";
    await harness.until("restarted", () => events().includes("RestartUnhealthy"), 10_000);
    await harness.until(
      "well",
      () => running(2)() && harness.server.get("/api/v1/namespaces/default/pods/a-1")!.metadata.uid !== uid,
    );
  });

  test("grows by lag within its bounds, and does not write the spec", async () => {
    await started({ ...stateful, workers: 1, autoscaling: { minWorkers: 1, maxWorkers: 3, intervalSeconds: 1, maxLag: 100 } });
    harness.model.lag = 1_000_000;
    await harness.until("grown", running(3), 20_000);
    expect(harness.status("a").lastRescale?.reason).toBe("LagTooHigh");
    expect(harness.server.list("/apis/weir.dev/v1alpha1/dataflows")[0]!.spec.workers).toBe(1);
  }, 40_000);
});
