/** A service that goes away while a source reads from it: who waits, for how long, and who hears of it. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { bucketSource, type ObjectSourceOptions } from "../../../runtime/connectors/objects/object-source.ts";
import { memoryBucket, opened, status } from "../../fakes/memory-bucket.ts";

let warnings: string[];
const hear = ({ message }: Error): void => void warnings.push(message);
beforeEach(() => {
  warnings = [];
  process.on("warning", hear);
});
afterEach(() => void process.off("warning", hear));

function away(more: Partial<ObjectSourceOptions> = {}, patienceMs = 150) {
  const bucket = memoryBucket();
  for (const key of ["in/a", "in/b"]) bucket.put(key, "1\n2\n3\n");
  const source = bucketSource<string>(opened(bucket, "in", patienceMs), { url: "", format: "lines", listEveryMs: 0, ...more });
  return {
    source,
    leave: () => void (bucket.fault = () => status(503, "SlowDown")),
    comeBack: () => void (bucket.fault = undefined),
  };
}
const trying = /reading memory:\/\/bucket\/in\/a at byte 0: 503 SlowDown/;

test("a part is held up for longer than the patience, says why, and reads on when the service is back", async () => {
  const { source, leave, comeBack } = away();
  const part = await source.buildPart("in/a", undefined);
  expect(part.trouble?.()).toBeUndefined();
  leave();
  const batch = part.nextBatch();
  await expect.poll(() => part.trouble?.()).toMatch(trying);
  await expect.poll(() => warnings, { timeout: 5_000 }).toHaveLength(1);
  expect(warnings[0]).toMatch(/^objectSource .* has waited for \d+ s, and waits on: reading/);
  comeBack();
  expect(await batch).toEqual(["1", "2", "3"]);
  expect(part.trouble?.()).toBeUndefined();
  await expect.poll(() => warnings).toHaveLength(2);
  expect(warnings[1]).toMatch(/goes on after \d+ s: reading/);
});

test("many parts that wait for the same are one warning", async () => {
  const { source, leave, comeBack } = away();
  const parts = await Promise.all(["in/a", "in/b"].map((key) => source.buildPart(key, undefined)));
  leave();
  const batches = parts.map((part) => part.nextBatch());
  await expect.poll(() => warnings, { timeout: 5_000 }).toHaveLength(1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(parts.map((part) => part.trouble?.() !== undefined)).toEqual([true, true]);
  expect(warnings).toHaveLength(1);
  comeBack();
  await Promise.all(batches);
});

test("after giveUpMs a part that is held up fails", async () => {
  const { source, leave } = away({ giveUpMs: 300 });
  const part = await source.buildPart("in/a", undefined);
  leave();
  await expect(part.nextBatch()).rejects.toMatchObject({
    code: "WEIR_SOURCE_FAILED",
    message: expect.stringMatching(/reading .*503 SlowDown \(tried for/),
  });
});

test("a part that is closed meanwhile stops asking", async () => {
  const { source, leave } = away();
  const part = await source.buildPart("in/a", undefined);
  leave();
  const batch = part.nextBatch();
  await expect.poll(() => part.trouble?.()).toBeDefined();
  await part.close?.();
  await expect(batch).rejects.toMatchObject({ code: "WEIR_EXECUTION_ENDED" });
});

test("the first listing is an error after the patience; a later one is an interruption, and after giveUpMs an error", async () => {
  const { source, leave, comeBack } = away({ giveUpMs: 400 });
  leave();
  await expect(source.listParts()).rejects.toMatchObject({ code: "WEIR_SOURCE_FAILED" });
  comeBack();
  expect([...(await source.listParts())]).toEqual(["in/a", "in/b"]);
  leave();
  const codes: string[] = [];
  const began = performance.now();
  while (codes.at(-1) !== "WEIR_SOURCE_FAILED") {
    await Promise.resolve(source.listParts()).catch((error: { code: string }) => codes.push(error.code));
    expect(performance.now() - began).toBeLessThan(10_000);
  }
  expect(codes[0]).toBe("WEIR_SOURCE_INTERRUPTED");
  expect(performance.now() - began).toBeGreaterThan(300);
  comeBack();
  expect([...(await source.listParts())]).toHaveLength(2);
});

test("a listing is not asked for longer than giveUpMs, however long the patience is", async () => {
  const { source, leave } = away({ giveUpMs: 300 }, 5_000);
  await source.listParts();
  leave();
  const began = performance.now();
  await expect(source.listParts()).rejects.toMatchObject({ code: "WEIR_SOURCE_FAILED" });
  expect(performance.now() - began).toBeLessThan(2_000);
});

test("the lag of what was listed is known while the service is away", async () => {
  const { source, leave } = away();
  const part = await source.buildPart("in/a", undefined);
  await source.listParts();
  leave();
  const asked = performance.now();
  expect(await part.lag?.()).toBe(6);
  expect(performance.now() - asked).toBeLessThan(100);
});
