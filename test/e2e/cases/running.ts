/** One flow's good days: it starts, is seen, grows, shrinks, sleeps, wakes, and goes. */
import { existsSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { resourcePath } from "../../../sandbox/client/index.ts";
import { dataflows } from "../flows.ts";
import type { Suite } from "../suite.ts";
import { exactly, linesOf } from "../output.ts";

const name = "running";
interface Table {
  columnDefinitions: { name: string; type: string; priority: number }[];
  rows: { cells: unknown[] }[];
}

export function runningCases(suite: Suite): void {
  describe("a flow of two workers", () => {
    beforeAll(async () => {
      await suite.flows.create(name, { workers: 2 });
      await suite.flows.running(name, 2);
    }, 120_000);

    it("runs, and says so in its status", async () => {
      const { flows } = suite;
      await flows.flowing(name);
      const flow = await flows.until(name, "a snapshot and a rate in the status", async () => {
        const seen = await flows.get(name);
        return seen.status?.lastSnapshot !== undefined && (seen.status.rates?.recordsInPerSecond ?? 0) > 0 && seen;
      });
      expect(flow.metadata.finalizers).toHaveLength(1);
      expect(flow.status).toMatchObject({
        observedGeneration: 1,
        phase: "Running",
        workers: 2,
        readyWorkers: 2,
        selector: "weir.dev/dataflow=running",
        execution: 1,
        epoch: expect.any(Number),
        lastSnapshot: { epoch: expect.any(Number), bytes: expect.any(Number), durationMilliseconds: expect.any(Number) },
        rates: { lag: expect.any(Number), utilizationPercent: expect.any(Number) },
        stableSpecHash: expect.stringMatching(/^[0-9a-f]{16}$/),
      });
      const settled = await flows.until(name, "healthy snapshots", async () => {
        const seen = await flows.get(name);
        return flows.condition(seen, "RecoveryHealthy")?.status === "True" && seen;
      });
      expect(settled.status?.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual([
        "Ready=True",
        "Progressing=False",
        "Degraded=False",
        "RecoveryHealthy=True",
      ]);
      for (const condition of settled.status?.conditions ?? [])
        expect(condition).toMatchObject({ observedGeneration: 1, lastTransitionTime: expect.stringMatching(/^\d{4}-.*Z$/) });
      expect((await flows.event(name, "Started")).type).toBe("Normal");
    });

    it("is shown in columns", async () => {
      const { namespace } = suite.flows;
      const { columnDefinitions, rows } = await tableOf(suite, resourcePath(dataflows, namespace, name));
      expect(columnDefinitions.map((column) => column.name)).toEqual(
        "Name Phase Workers Ready Lag Rate Epoch Age Execution Snapshot Message".split(" "),
      );
      expect(columnDefinitions.filter((column) => column.priority > 0).map((column) => column.name)).toEqual([
        "Execution",
        "Snapshot",
        "Message",
      ]);
      expect(rows).toHaveLength(1);
      const cells = Object.fromEntries(columnDefinitions.map((column, index) => [column.name, rows[0]!.cells[index]]));
      expect(cells).toMatchObject({ Name: name, Phase: "Running", Workers: 2, Ready: 2, Execution: 1 });
      expect(cells).toMatchObject({ Age: expect.stringMatching(/^\d+[sm]/), Message: "2 of 2 workers are ready" });
    });

    it("has children that are its own", async () => {
      const { flows } = suite;
      const children = await flows.children(name);
      expect(children).toEqual(
        expect.arrayContaining([
          "Pod/running-0",
          "Pod/running-1",
          "PodDisruptionBudget/running",
          "Secret/running-mesh",
          "Service/running",
          "ServiceAccount/running",
          "StatefulSet/running",
        ]),
      );
      const scale = await flows.client.request<object>("GET", resourcePath(dataflows, flows.namespace, name, "scale"));
      expect(scale).toMatchObject({
        kind: "Scale",
        apiVersion: "autoscaling/v1",
        spec: { replicas: 2 },
        status: { replicas: 2, selector: "weir.dev/dataflow=running" },
      });
    });

    it("observes a generation that changes nothing for its pods, and leaves them alone", async () => {
      const { flows } = suite;
      const before = await flows.containers(name);
      const patched = await flows.patch(name, { upgrade: { progressDeadlineSeconds: 120 } });
      expect(patched.metadata.generation).toBe(2);
      await flows.running(name, 2);
      expect(await flows.containers(name)).toEqual(before);
    });

    it("grows by spec.workers in place", async () => {
      const { flows } = suite;
      const before = await flows.containers(name);
      await flows.patch(name, { workers: 3 });
      const flow = await flows.running(name, 3);
      const after = await flows.containers(name);
      expect(Object.keys(after)).toEqual(["running-0", "running-1", "running-2"]);
      expect(after).toMatchObject(before);
      expect(flow.status?.lastRescale).toMatchObject({
        from: 2,
        to: 3,
        reason: "SpecChanged",
        stallMilliseconds: expect.any(Number),
      });
      await flows.event(name, "Rescaled");
      await flows.flowing(name);
    });

    it("shrinks by the scale subresource, and keeps the pods that stay", async () => {
      const { flows } = suite;
      const before = await flows.containers(name);
      await flows.scale(name, 1);
      const flow = await flows.running(name, 1);
      expect(flow.spec.workers).toBe(1);
      await flows.until(name, "one pod", async () => (await flows.pods(name)).length === 1);
      expect(await flows.containers(name)).toEqual({ "running-0": before["running-0"] });
      expect(flow.status?.lastRescale).toMatchObject({ from: 3, to: 1 });
      await flows.flowing(name);
    });

    it("sleeps with everything written, exactly once over both rescales", async () => {
      const { flows } = suite;
      await flows.patch(name, { state: "Suspended" });
      const flow = await flows.phase(name, "Suspended");
      expect(await flows.pods(name)).toEqual([]);
      expect(flow.status).toMatchObject({ workers: 0, readyWorkers: 0 });
      expect(flows.condition(flow, "Ready")).toMatchObject({ status: "False", reason: "Suspended" });
      expect(exactly(flows.dir(name))).toBeGreaterThan(120);
    });

    it("wakes on another number of workers and goes on where it was", async () => {
      const { flows } = suite;
      const before = linesOf(flows.dir(name)).length;
      await flows.patch(name, { state: "Running", workers: 2 });
      await flows.running(name, 2);
      await flows.flowing(name);
      await flows.patch(name, { state: "Suspended" });
      await flows.phase(name, "Suspended");
      expect(exactly(flows.dir(name))).toBeGreaterThan(before);
    });

    it("goes while it sleeps, with all its children, and leaves its state", async () => {
      const { flows } = suite;
      await flows.remove(name);
      await flows.gone(name);
      await flows.until(name, "its children's end", async () => (await flows.children(name)).length === 0);
      expect(existsSync(`${flows.store(name)}/manifest.json`)).toBe(true);
      exactly(flows.dir(name));
    });

    it("is found again by a namesake, which goes on from its state", async () => {
      const { flows } = suite;
      const before = linesOf(flows.dir(name)).length;
      await flows.client.request("POST", resourcePath(dataflows, flows.namespace), { body: flows.manifest(name) });
      await flows.running(name, 1);
      await flows.flowing(name);
      await flows.remove(name);
      await flows.gone(name);
      expect(exactly(flows.dir(name))).toBeGreaterThan(before);
    });
  });
}

/** As kubectl asks for it. */
async function tableOf(suite: Suite, path: string): Promise<Table> {
  const { access } = suite.flows.client;
  const { request } = await (access.server.startsWith("https:") ? import("node:https") : import("node:http"));
  return new Promise((done, fail) => {
    const headers: Record<string, string> = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
    if (access.token !== undefined) headers.authorization = `Bearer ${access.token}`;
    const { ca, cert, key, insecure } = access;
    const sent = request(`${access.server}${path}`, { headers, ca, cert, key, rejectUnauthorized: insecure !== true }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => (text += chunk));
      answer.on("end", () => done(JSON.parse(text) as Table));
    });
    sent.once("error", fail);
    sent.end();
  });
}
