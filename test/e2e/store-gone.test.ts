import { afterEach, expect, test } from "vitest";
import { type Trouble, trouble } from "../host/store-trouble.ts";

let run: Trouble;
afterEach(() => run.end());

test(
  "a store that stays full ends the flow with its reason; started again over a sound one, it goes on exactly there",
  { timeout: 180_000 },
  async () => {
    run = await trouble(300);
    const { s3, flow } = run;
    for (const index of [0, 1]) flow.start(index);
    await flow.until("the first snapshot", () => (run.manifest()?.snapshots.length ?? 0) > 0);
    s3.fault = ({ operation }) => (operation === "PutObject" ? "500" : undefined);
    expect(await flow.exited(0)).toBe(1);
    expect(flow.errors(0)).toContain("WEIR_STORE_FAILED");
    s3.fault = undefined;
    flow.start(0);
    expect(await Promise.all([flow.exited(0), flow.exited(1)])).toEqual([0, 0]);
    run.expectExact();
  },
);
