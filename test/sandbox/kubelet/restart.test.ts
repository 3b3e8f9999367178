import { describe, expect, it } from "vitest";
import { freshRecord } from "../../../sandbox/kubelet/container.ts";
import type { ContainerRecord } from "../../../sandbox/kubelet/record.ts";
import { defaultBackOff, lengthenBackOff, mayStartAt } from "../../../sandbox/kubelet/restart.ts";

function ended(exitCode: number, ranMs = 100, own: Partial<ContainerRecord> = {}): ContainerRecord {
  const state = { terminated: { exitCode, reason: "Error", startedAt: null, finishedAt: null } };
  return { ...freshRecord("main", state), startedAtMs: 1_000_000 - ranMs, finishedAtMs: 1_000_000, ...own };
}

describe("when a container may start again", () => {
  it("starts one that never ran at once, whatever the policy", () => {
    expect(mayStartAt(freshRecord("main", { waiting: { reason: "ContainerCreating" } }), "Never", defaultBackOff)).toBe(0);
  });

  it.each([
    ["Always", 0, true],
    ["Always", 1, true],
    ["OnFailure", 0, false],
    ["OnFailure", 1, true],
    ["Never", 0, false],
    ["Never", 1, false],
  ])("policy %s after exit code %i: %s", (policy, code, again) => {
    expect(mayStartAt(ended(code), policy, defaultBackOff) !== undefined).toBe(again);
  });

  it("pauses 0, 10, 20, 40 … 300 seconds, and from the start again after ten good minutes", () => {
    const record = ended(1);
    const pauses: number[] = [];
    for (let restart = 0; restart < 8; restart++) {
      pauses.push(((mayStartAt(record, "Always", defaultBackOff) ?? 0) - 1_000_000) / 1000);
      lengthenBackOff(record, defaultBackOff);
    }
    expect(pauses).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
    record.startedAtMs = 1_000_000 - 600_000;
    expect(mayStartAt(record, "Always", defaultBackOff)).toBe(1_000_000);
    lengthenBackOff(record, defaultBackOff);
    expect(record.backOffMs).toBe(10_000);
  });

  it("counts from the last run also while it shows as waiting", () => {
    const record = ended(1, 100, { backOffMs: 10_000 });
    const waiting = { ...record, lastState: record.state, state: { waiting: { reason: "CrashLoopBackOff" } } };
    expect(mayStartAt(waiting, "Always", defaultBackOff)).toBe(1_010_000);
  });

  it("starts one that the kubelet's own end interrupted at once, even when it ended well", () => {
    expect(mayStartAt(ended(0, 100, { interrupted: true, backOffMs: 80_000 }), "OnFailure", defaultBackOff)).toBe(0);
  });
});
