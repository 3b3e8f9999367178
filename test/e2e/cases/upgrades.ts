/** One flow's changes: a new spec with the old state, a bad one that is taken back, a restart, and a step back in time. */
import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Manifest } from "../../../runtime/recovery/types.ts";
import { sumsModule } from "../flows.ts";
import type { Suite } from "../suite.ts";
import { exactly, linesOf, linesWith } from "../output.ts";

const name = "upgraded";

export function upgradeCases(suite: Suite): void {
  describe("a flow that is changed", () => {
    beforeAll(async () => {
      const { flows } = suite;
      await flows.create(name, { params: { tag: "one" }, recovery: { store: `file://${flows.store(name)}`, retain: 500 } });
      await flows.running(name, 1);
      await flows.flowing(name);
    }, 120_000);
    afterAll(async () => {
      await suite.flows.remove(name);
      await suite.flows.gone(name);
    }, 120_000);

    it("takes new params with a snapshot, and keeps its sums", async () => {
      const { flows } = suite;
      const before = { containers: await flows.containers(name), hash: (await flows.get(name)).status?.stableSpecHash };
      await flows.patch(name, { params: { tag: "two" } });
      const flow = await flows.until(name, "a new stable spec", async () => {
        const seen = await flows.get(name);
        return seen.status?.stableSpecHash !== before.hash && seen;
      });
      expect(flow.status?.observedGeneration).toBe(2);
      await flows.running(name, 1);
      await flows.until(name, "lines of the new kind", async () => linesWith(flows.dir(name), "two") > 40);
      expect(await flows.containers(name)).not.toEqual(before.containers);
      await flows.event(name, "Upgrading");
      await flows.event(name, "Upgraded");
      const tags = linesOf(flows.dir(name)).filter((line) => line.key === "k0-0");
      // Drained, so nothing that the old one wrote is written again by the new one.
      expect(tags.findLastIndex((line) => line.tag === "one")).toBeLessThan(tags.findIndex((line) => line.tag === "two"));
    });

    it("takes new code with a snapshot, and forgets the old", async () => {
      const { flows } = suite;
      const codes = async () => (await flows.children(name)).filter((child) => child.includes("-code-"));
      const before = await codes();
      await flows.patch(name, { flow: { inline: sumsModule.replace("${now} ${tag}", "${now} ${tag}-coded") } });
      await flows.running(name, 1);
      await flows.until(name, "lines of the new kind", async () => linesWith(flows.dir(name), "two-coded") > 40);
      await flows.until(name, "one text of code", async () => {
        const now = await codes();
        return now.length === 1 && now[0] !== before[0];
      });
    });

    it("goes back to the last stable spec when the new one drops state", async () => {
      const { flows } = suite;
      const before = (await flows.get(name)).status?.stableSpecHash;
      await flows.patch(name, { params: { sum: "total" }, upgrade: { progressDeadlineSeconds: 8 } });
      const event = await flows.event(name, "RollingBack");
      expect(event.message).toContain("sum");
      const flow = await flows.running(name, 1);
      expect(flow.status?.stableSpecHash).toBe(before);
      const degraded = flows.condition(flow, "Degraded");
      expect(degraded).toMatchObject({ status: "True", reason: "RolledBack" });
      expect(degraded?.message).toMatch(/WEIR_STATE_DROPPED|"?sum"?/);
      await flows.event(name, "RolledBack");
      await flows.flowing(name);
    });

    it("goes back when the new one fails on its first record, and stays well when it is mended", async () => {
      const { flows } = suite;
      await flows.patch(name, { params: { sum: null, failAt: "1" } });
      await flows.until(name, "a second rollback", async () => {
        const degraded = flows.condition(await flows.get(name), "Degraded");
        return degraded?.reason === "RolledBack" && degraded.message.includes("is too much");
      });
      await flows.running(name, 1);
      await flows.patch(name, { params: { failAt: null, tag: "three" } });
      await flows.until(name, "lines of the mended one", async () => linesWith(flows.dir(name), "three-coded") > 0);
      const flow = await flows.running(name, 1);
      expect(flows.condition(flow, "Degraded")?.status).toBe("False");
    });

    it("starts its workers anew when restartNonce changes", async () => {
      const { flows } = suite;
      const before = { containers: await flows.containers(name), execution: (await flows.get(name)).status?.execution ?? 0 };
      await flows.patch(name, { restartNonce: 7 });
      await flows.until(name, "other containers", async () => {
        const now = await flows.containers(name);
        return now["upgraded-0"] !== undefined && now["upgraded-0"] !== before.containers["upgraded-0"];
      });
      const flow = await flows.running(name, 1);
      expect(flow.status?.execution).toBeGreaterThan(before.execution);
      await flows.flowing(name);
    });

    it("goes back to an older snapshot when it is asked to, and on from there", async () => {
      const { flows } = suite;
      const epoch = (await flows.get(name)).status!.lastSnapshot!.epoch;
      const then = linesWith(flows.dir(name), "three-coded");
      await flows.flowing(name, 200);
      await flows.patch(name, { restoreFrom: { epoch }, params: { tag: "four" } });
      await flows.until(name, "lines after the restore", async () => linesWith(flows.dir(name), "four-coded") > 40);
      // All that was written after the snapshot is gone, and written again by the new one.
      expect(linesWith(flows.dir(name), "three-coded")).toBeLessThanOrEqual(then);
      await flows.running(name, 1);
      await flows.flowing(name);
    });

    it("has written exactly once through all of it", async () => {
      const { flows } = suite;
      await flows.patch(name, { state: "Suspended" });
      const flow = await flows.phase(name, "Suspended");
      expect(exactly(flows.dir(name))).toBeGreaterThan(500);
      // The status tells of the last snapshot of all, which the workers took on their way out.
      const manifest = JSON.parse(readFileSync(`${flows.store(name)}/manifest.json`, "utf8")) as Manifest;
      expect(flow.status?.lastSnapshot?.epoch).toBe(manifest.snapshots.at(-1)?.epoch);
    });

    it("is gone on with by another, from its snapshot into a store of the other's own", async () => {
      const { flows } = suite;
      const other = "copied";
      const before = linesOf(flows.dir(name)).length;
      const { lastSnapshot } = (await flows.get(name)).status!;
      const untouched = readFileSync(`${flows.store(name)}/manifest.json`, "utf8");
      await flows.create(other, {
        params: { dir: flows.dir(name), tag: "five" },
        restoreFrom: { store: `file://${flows.store(name)}`, epoch: lastSnapshot!.epoch },
      });
      await flows.running(other, 1);
      await flows.until(other, "lines of the other", async () => linesWith(flows.dir(name), "five") > 40);
      await flows.patch(other, { state: "Suspended" });
      await flows.phase(other, "Suspended");
      expect(exactly(flows.dir(name))).toBeGreaterThan(before);
      expect(readFileSync(`${flows.store(name)}/manifest.json`, "utf8")).toBe(untouched);
      await flows.remove(other);
      await flows.gone(other);
      expect(existsSync(`${flows.store(other)}/manifest.json`)).toBe(true);
    });
  });
}
