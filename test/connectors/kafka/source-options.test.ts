import { inspect } from "node:util";
import { expect, test } from "vitest";
import { loadKafka } from "../../../runtime/connectors/kafka/library.ts";
import { sourceSettings } from "../../../runtime/connectors/kafka/source-options.ts";
import { kafkaSource } from "../../../runtime/index.ts";

const good = { brokers: "localhost:9092", topics: "orders" };

test.each([
  ["brokers", { brokers: "localhost" }, /brokers must be host:port/],
  ["brokers", { brokers: [] }, /brokers must be host:port/],
  ["topics", { topics: "a b" }, /topics must be the name of a topic/],
  ["topics", { topics: [] }, /topics/],
  ["start", { start: "now" }, /start must be "earliest", "latest" or \{ timestamp \}/],
  ["start", { start: { timestamp: Number.NaN } }, /start/],
  ["until", { until: "tomorrow" }, /until must be 'end'/],
  ["groupId", { groupId: "" }, /groupId must be a non-empty string/],
  ["isolation", { isolation: "serializable" }, /isolation must be 'read_committed' or 'read_uncommitted'/],
  ["value", { value: "avro" }, /value must be 'bytes' or 'string' or 'json'/],
  ["onOutOfRange", { onOutOfRange: "skip" }, /onOutOfRange/],
  ["batchSize", { batchSize: 0 }, /batchSize must be a whole number of at least 1/],
  ["requestTimeoutMs", { requestTimeoutMs: 10 }, /requestTimeoutMs must be a whole number of at least 1000/],
])("%s that makes no sense is refused when the source is made, by name", (_option, bad, message) => {
  expect(() => kafkaSource({ ...good, ...bad } as never)).toThrow(
    expect.objectContaining({ code: "WEIR_FLOW_OPTION", message: expect.stringMatching(message) }),
  );
});

test("one name or many, a date or a number", () => {
  expect(sourceSettings({ brokers: "a:1,b:2", topics: ["x", "y", "x"], start: { timestamp: new Date(5) } })).toMatchObject({
    brokers: ["a:1", "b:2"],
    topics: ["x", "y"],
    start: 5,
    readCommitted: true,
    untilEnd: false,
  });
});

test("credentials do not show when options are refused", () => {
  try {
    kafkaSource({ ...good, start: "now", sasl: { mechanism: "PLAIN", username: "u", password: "hush-hush" } } as never);
    expect.unreachable();
  } catch (error) {
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain("hush-hush");
  }
});

test("without the package the error says which command installs it", async () => {
  const missing = Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
  await expect(loadKafka("kafkaSource", "WEIR_SOURCE_FAILED", () => Promise.reject(missing))).rejects.toMatchObject({
    code: "WEIR_SOURCE_FAILED",
    message: expect.stringMatching(/kafkaSource needs .*npm install @platformatic\/kafka@2/),
    cause: missing,
  });
});
