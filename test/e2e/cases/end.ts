/** How flows end: complete, failed, or deleted with what they kept. */
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Suite } from "../suite.ts";
import { exactly } from "../output.ts";

export function endCases(suite: Suite): void {
  describe("a flow's end", () => {
    it("is Completed when all input was read; with the policy Delete its state goes with it", async () => {
      const { flows } = suite;
      const name = "bounded";
      await flows.create(name, { workers: 2, params: { rate: "400", count: "800" }, deletionPolicy: "Delete" });
      const flow = await flows.phase(name, "Completed");
      expect(exactly(flows.dir(name), 800)).toBe(3200);
      await flows.until(name, "its pods' end", async () => (await flows.pods(name)).length === 0);
      expect(flow.status).toMatchObject({ workers: 0, readyWorkers: 0, observedGeneration: 1 });
      expect(flows.condition(flow, "Ready")).toMatchObject({ status: "False", reason: "Completed" });
      expect(flows.condition(flow, "Degraded")).toMatchObject({ status: "False" });
      await flows.event(name, "Completed");
      expect(existsSync(`${flows.store(name)}/manifest.json`)).toBe(true);
      await flows.remove(name);
      await flows.gone(name);
      expect(existsSync(`${flows.store(name)}/manifest.json`)).toBe(false);
      await flows.event(name, "StateDeleted");
      await flows.until(name, "its children's end", async () => (await flows.children(name)).length === 0);
      // The output is not state.
      expect(exactly(flows.dir(name), 800)).toBe(3200);
    });

    it("is Failed with the step and its message when the flow throws", async () => {
      const { flows } = suite;
      const name = "failing";
      await flows.create(name, { params: { failAt: "20" } });
      const flow = await flows.phase(name, "Failed");
      const degraded = flows.condition(flow, "Degraded");
      expect(degraded).toMatchObject({ status: "True", reason: "WeirStepFailed" });
      expect(degraded?.message).toContain("check");
      expect(degraded?.message).toContain("is too much");
      expect(flows.condition(flow, "Ready")).toMatchObject({ status: "False" });
      expect(flow.status?.readyWorkers).toBe(0);
      await flows.remove(name);
      await flows.gone(name);
    });

    it("is Failed with what is wrong with a module that does not load", async () => {
      const { flows } = suite;
      const name = "broken";
      await flows.create(name, { flow: { inline: 'import { Nothing } from "weir";\nexport default Nothing;\n' } });
      const flow = await flows.phase(name, "Failed");
      expect(flows.condition(flow, "Degraded")?.message).toContain("Nothing");
      await flows.remove(name);
      await flows.gone(name);
    });

    it("keeps what it wrote when it is deleted in the middle of its work", async () => {
      const { flows } = suite;
      const name = "leaving";
      await flows.create(name, { workers: 2 });
      await flows.running(name, 2);
      await flows.flowing(name);
      await flows.remove(name);
      const flow = await flows.get(name);
      expect(flow.metadata.deletionTimestamp).toBeDefined();
      await flows.gone(name);
      await flows.until(name, "its children's end", async () => (await flows.children(name)).length === 0);
      expect(existsSync(`${flows.store(name)}/manifest.json`)).toBe(true);
      expect(exactly(flows.dir(name))).toBeGreaterThan(40);
    });
  });
}
