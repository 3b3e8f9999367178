import { afterEach, expect, test } from "vitest";
import { type Trouble, trouble } from "./store-trouble.ts";

let run: Trouble;
afterEach(() => run.end());

test("a store that is full, and writes it answers wrongly, cost time and nothing else", { timeout: 90_000 }, async () => {
  run = await trouble(1000);
  const { s3, flow } = run;
  for (const index of [0, 1]) flow.start(index);
  await flow.until("the first snapshot", () => (run.manifest()?.snapshots.length ?? 0) > 0);

  let refused = 0;
  s3.fault = ({ operation }) => (operation === "PutObject" ? (refused++, "500") : undefined);
  await flow.until("several writes have failed", () => refused > 8);
  const before = run.manifest()!.execution;
  s3.fault = undefined;
  await flow.until("it goes on", () => run.manifest()!.execution > before);

  // Writes that take place though they are answered with an error, or by none.
  let commits = 0;
  s3.fault = ({ operation, key }) => {
    if (operation !== "PutObject" || !key.endsWith("manifest.json")) return undefined;
    return (["500-after", undefined, "cut", undefined] as const)[commits++ % 4];
  };
  await flow.until("several writes were answered wrongly", () => commits > 6);
  s3.fault = undefined;

  expect(await Promise.all([flow.exited(0), flow.exited(1)])).toEqual([0, 0]);
  run.expectExact();
});
