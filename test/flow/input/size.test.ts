import { describe, expect, test } from "vitest";
import { approximateBytes, bytesPerRecord } from "../../../runtime/flow/input/size.ts";

describe("about how many bytes a value takes", () => {
  test.each([
    ["a number", 7, 8],
    ["a text", "x".repeat(1000), 1016],
    ["bytes", new Uint8Array(5000), 5064],
    ["an object of texts", { a: "x".repeat(100), b: "y".repeat(100) }, 280],
    ["nothing", undefined, 8],
  ])("%s", (_what, value, bytes) => expect(approximateBytes(value)).toBe(bytes));

  test("a long list is taken to go on as it began", () => {
    const bytes = approximateBytes(Array.from({ length: 10_000 }, () => 1));
    expect(bytes).toBeGreaterThan(100_000);
    expect(bytes).toBeLessThan(300_000);
  });
  test("what refers to itself comes to an end", () => {
    const ring: { next?: unknown } = {};
    ring.next = ring;
    expect(approximateBytes(ring)).toBeLessThan(1_000);
  });
});

test("three records speak for their batch", () => {
  expect(bytesPerRecord([])).toBe(0);
  expect(bytesPerRecord(["x".repeat(84), "x".repeat(184), "x".repeat(284)])).toBe(200);
});
