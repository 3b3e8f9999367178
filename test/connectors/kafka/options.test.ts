import { expect, test } from "vitest";
import { kafkaSink } from "../../../runtime/connectors/kafka/sink.ts";

test.each([
  [{ brokers: [] }, /brokers must be host:port/],
  [{ brokers: "kafka" }, /brokers must be host:port/],
  [{ brokers: "k:1", topic: "" }, /topic must be text/],
  [{ brokers: "k:1", guarantee: "exactly-once" }, /guarantee must be one of exactlyOnce, atLeastOnce, not 'exactly-once'/],
  [{ brokers: "k:1", compression: "brotli" }, /compression must be one of/],
  [{ brokers: "k:1", transactionTimeoutMs: 5 }, /transactionTimeoutMs must be a whole number from 1000, not 5/],
  [{ brokers: "k:1", lingerMs: 1.5 }, /lingerMs must be a whole number/],
  [{ brokers: "k:1", record: "json" }, /record must be a function/],
  [{ brokers: "k:1", ifLost: "ignore" }, /ifLost must be one of fail, continue/],
])("%j is refused while the flow is built", (options, message) => {
  expect(() => kafkaSink(options as never)).toThrow(
    expect.objectContaining({ code: "WEIR_FLOW_OPTION", message: expect.stringMatching(message) }),
  );
});

test("the kind of the sink follows from the guarantee", () => {
  expect(kafkaSink({ brokers: "a:1,b:2" }).kind).toBe("transactional");
  expect(kafkaSink({ brokers: ["a:1"], guarantee: "atLeastOnce" }).kind).toBe("dynamic");
});
