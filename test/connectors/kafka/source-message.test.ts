import { expect, test } from "vitest";
import { createPartBuffer } from "../../../runtime/connectors/kafka/part-buffer.ts";
import { type KafkaDeserializer, messageMaker } from "../../../runtime/connectors/kafka/source-message.ts";
import { batch } from "./batches.ts";

function read(format: { key?: KafkaDeserializer; value?: KafkaDeserializer; onBad?: "fail" | "keep" }, bytes: Buffer) {
  const make = messageMaker("orders", 2, { key: "bytes", value: "bytes", onBad: "fail", ...format });
  const buffer = createPartBuffer({ from: 0, until: Infinity, readCommitted: false, decompress: (_, block) => block, make });
  buffer.push(bytes, []);
  return buffer.take(100);
}

test("bytes are copies, so that a record that is kept does not keep the whole answer", () => {
  const bytes = batch({ at: 0, values: ["abc"], keys: ["k"] });
  const { key, value } = read({}, bytes)[0]! as { key: Buffer; value: Buffer };
  bytes.fill(0);
  expect([key.toString(), value.toString()]).toEqual(["k", "abc"]);
});

test("a function gets the bytes of the field, and no null", () => {
  const seen: string[] = [];
  const value = (bytes: Buffer): number => {
    seen.push(bytes.toString());
    return bytes.length;
  };
  expect(read({ value }, batch({ at: 0, values: ["abc", null, ""] }))).toMatchObject([{ value: 3 }, { value: null }, { value: 0 }]);
  expect(seen).toEqual(["abc", ""]);
});

test("fail: the error names topic, partition, offset and field, and has the deserializer's own as its cause", () => {
  const cause = new RangeError("too odd");
  const key = (): never => {
    throw cause;
  };
  expect(() => read({ key }, batch({ at: 0, values: ["a"], keys: ["k"] }))).toThrow(
    expect.objectContaining({
      code: "WEIR_SOURCE_FAILED",
      message: 'The key of the record at topic "orders", partition 2, offset 0 could not be read: too odd',
      cause,
    }),
  );
});

test("keep: a bad record has its bytes, the field and the error; the others are as ever", () => {
  const out = read({ value: "json", onBad: "keep" }, batch({ at: 0, values: ["1", "{", '{"a":2}'], keys: ["x", "y", null] }));
  expect(out).toMatchObject([
    { offset: 0, value: 1 },
    { offset: 1, bad: "value", key: Buffer.from("y"), value: Buffer.from("{"), error: expect.stringMatching(/JSON/) },
    { offset: 2, value: { a: 2 } },
  ]);
  expect("bad" in out[0]!).toBe(false);
});
