import { expect, test } from "vitest";
import { createMailbox } from "../../../runtime/connectors/feed/index.ts";

test("entries come out in their order, in batches of at most what is asked for", async () => {
  const box = createMailbox<number>(10, 1_000);
  for (let n = 0; n < 5_000; n++) box.put(n, 0);
  const got: number[] = [];
  while (box.length > 0) got.push(...(await box.take(700))!);
  expect(got).toEqual(Array.from({ length: 5_000 }, (_, n) => n));
});

test("a taker waits for the next entry, the end or the failure", async () => {
  const box = createMailbox<string>(10, 10);
  const first = box.take(1);
  box.put("a", 1);
  expect(await first).toEqual(["a"]);
  box.put("b", 1);
  box.fail(new Error("gone"));
  box.put("too late", 1);
  expect(await box.take(5)).toEqual(["b"]);
  await expect(box.take(1)).rejects.toThrow("gone");
  const other = createMailbox<string>(1, 1);
  const end = other.take(1);
  other.end();
  expect(await end).toBeNull();
});

test("full by entries or by bytes; room is told once half of it is free", async () => {
  const box = createMailbox<number>(4, 100);
  let told = 0;
  box.onRoom = () => told++;
  for (const n of [1, 2, 3]) box.put(n, 1);
  expect(box.full).toBe(false);
  box.put(4, 1);
  expect(box.full).toBe(true);
  await box.take(1);
  expect([box.full, told]).toEqual([false, 0]);
  await box.take(1);
  expect(told).toBe(1);
  await box.take(2);
  expect(told).toBe(1);
  box.put(5, 200);
  expect(box.full).toBe(true);
  expect(box.dropOldest()).toBe(5);
  expect(box.full).toBe(false);
});
