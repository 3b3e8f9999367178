import { expect, test, vi } from "vitest";
import { passes, patiently, pauseAfter, sourceFault } from "../../../runtime/connectors/kafka/source-fault.ts";

const kafka = (name: string): Error => Object.assign(new Error(name), { apiId: name });
const network = (cause?: Error): Error => Object.assign(new Error("Connection failed", { cause }), { code: "PLT_KFK_NETWORK" });
const refused = network(Object.assign(new Error("self-signed certificate"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }));

test.each([
  [network(), true],
  [network(Object.assign(new Error("x"), { code: "ECONNREFUSED" })), true],
  [kafka("NOT_LEADER_OR_FOLLOWER"), true],
  [kafka("OFFSET_NOT_AVAILABLE"), true],
  [kafka("UNKNOWN_TOPIC_OR_PARTITION"), false],
  [kafka("TOPIC_AUTHORIZATION_FAILED"), false],
  [kafka("CORRUPT_MESSAGE"), false],
  [refused, false],
  [new AggregateError([refused], "Cannot connect to any broker."), false],
])("%s passes by itself: %s", (error, expected) => expect(passes(error)).toBe(expected));

test.each([
  [kafka("TOPIC_AUTHORIZATION_FAILED"), /Cannot read "t": this user may not read there.*\(TOPIC_AUTHORIZATION_FAILED\)/],
  [refused, /certificate is refused; name its authority by tls\.ca \(DEPTH_ZERO_SELF_SIGNED_CERT\)/],
  [network(), /no connection could be made.*\(NETWORK\)/],
])("%s says what to do", (error, message) => {
  expect(sourceFault('read "t"', error)).toMatchObject({
    code: "WEIR_SOURCE_FAILED",
    message: expect.stringMatching(message),
    cause: error,
  });
});

test("pauses double from 50 ms to 2 s, and are spread by a quarter either way", () => {
  expect([1, 2, 3, 6, 7, 50].map((failures) => pauseAfter(failures, () => 0.5))).toEqual([50, 100, 200, 1_600, 2_000, 2_000]);
  expect([pauseAfter(1, () => 0), pauseAfter(1, () => 1)]).toEqual([37.5, 62.5]);
});

test("what passes is tried again until it succeeds or time is up; what does not is thrown at once", async () => {
  const answers = [network(), kafka("LEADER_NOT_AVAILABLE"), "fine"];
  const attempt = vi.fn(async () => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  });
  expect(await patiently(attempt, { doing: "ask", withinMs: 5_000 })).toBe("fine");
  const late = vi.fn(() => Promise.reject(network()));
  await expect(patiently(late, { doing: "ask", withinMs: 200 })).rejects.toThrow(/Cannot ask/);
  expect(late.mock.calls.length).toBeGreaterThan(1);
  const never = vi.fn(() => Promise.reject(kafka("SASL_AUTHENTICATION_FAILED")));
  await expect(patiently(never, { doing: "ask", withinMs: 5_000 })).rejects.toThrow(/refused the credentials/);
  expect(never).toHaveBeenCalledTimes(1);
});
