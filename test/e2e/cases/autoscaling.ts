/** More arrives than one worker may read: the lag makes three of them, and not a line is lost or doubled on the way. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Suite } from "../suite.ts";
import { exactly } from "../output.ts";

const name = "autoscaled";
const count = 8000;
const module = readFileSync(join(import.meta.dirname, "../flows/metered.ts"), "utf8");

export function autoscalingCases(suite: Suite): void {
  describe("a flow that falls behind", () => {
    it("grows from one worker to three and catches up, exactly once", async () => {
      const { flows } = suite;
      await flows.create(name, {
        flow: { inline: module },
        // 800 a second arrive, and a worker may read 350.
        params: { rate: "200", count: String(count), quota: "350" },
        autoscaling: { minWorkers: 1, maxWorkers: 3, catchUpSeconds: 5, maxLag: 1000, intervalSeconds: 2 },
      });
      const grown = await flows.running(name, 3, 120_000);
      expect(grown.spec.workers).toBe(1);
      expect(grown.status?.lastRescale).toMatchObject({ to: 3, reason: "LagTooHigh" });
      const decided = await flows.event(name, "ScalingDecided");
      expect(decided.message).toContain("LagTooHigh");
      await flows.phase(name, "Completed", 120_000);
      expect(exactly(flows.dir(name), count)).toBe(4 * count);
      await flows.remove(name);
      await flows.gone(name);
    });
  });
}
