import { expect, test } from "vitest";
import { murmur2, partitionOfKey } from "../../../runtime/connectors/kafka/sink-partitioner.ts";

// From the tests of Kafka's own clients.
test.each([
  ["21", -973932308],
  ["foobar", -790332482],
  ["a-little-bit-long-string", -985981536],
  ["a-little-bit-longer-string", -1486304829],
  ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
  ["abc", 479470107],
])("the hash of %j is Kafka's", (key, hash) => expect(murmur2(Buffer.from(key))).toBe(hash));

test("a key's partition is among those that there are", () => {
  const found = new Set(Array.from({ length: 500 }, (_, i) => partitionOfKey(Buffer.from(`key-${i}`), 7)));
  expect([...found].toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6]);
});
