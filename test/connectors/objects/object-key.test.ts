import { expect, test } from "vitest";
import { beforeExecution, folderOf, objectKey, parseObjectKey } from "../../../runtime/connectors/objects/object-key.ts";

test("keys say whose they are, and sort by age", () => {
  const folder = folderOf("a/b", "my step/1");
  expect(folder).toBe("a/b/my%20step%2F1/");
  const key = objectKey(folder, "day=1", { execution: 12, number: 3, worker: 4 }, "jsonl");
  expect(key).toBe("a/b/my%20step%2F1/day=1/0000000012-000003-0004.jsonl");
  expect(parseObjectKey(key)).toEqual({ execution: 12, number: 3, worker: 4 });
  const old = objectKey(folder, "", { execution: 11, number: 999_999, worker: 9_999 }, "jsonl");
  const young = objectKey(folder, "", { execution: 12, number: 0, worker: 0 }, "jsonl");
  expect(old < beforeExecution(folder, 12) && beforeExecution(folder, 12) < young).toBe(true);
});

test("numbers that outgrow their padding are still told apart", () => {
  const key = objectKey(folderOf("", "s"), "", { execution: 17_953_748_360, number: 1_000_000, worker: 10_000 }, "parquet");
  expect(parseObjectKey(key)).toEqual({ execution: 17_953_748_360, number: 1_000_000, worker: 10_000 });
});

test.each(["s/readme.txt", "s/0000000012-000003.jsonl", "s/x0000000012-000003-0004.jsonl", "s/12-3-4.jsonl"])(
  "%s is none of ours",
  (key) => expect(parseObjectKey(key)).toBeUndefined(),
);
