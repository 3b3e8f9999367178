import { afterEach, beforeEach, expect, test } from "vitest";
import { createEventRecorder, createKubeClient, type KubeClient } from "../../../controller/machinery/index.ts";
import { startFakeApiServer, type FakeApiServer } from "../fakes/api-server.ts";
import { createFakeClock } from "../fakes/clock.ts";

let server: FakeApiServer;
let client: KubeClient;
beforeEach(async () => {
  server = await startFakeApiServer();
  client = createKubeClient(server.config);
});
afterEach(async () => {
  client.close();
  await server.close();
});
const subject = { apiVersion: "weir.dev/v1alpha1", kind: "Dataflow", namespace: "default", name: "a", uid: "u1" };
const events = () => server.list("/api/v1/events");

test("writes an event that names its object", async () => {
  const recorder = createEventRecorder(client, createFakeClock(), "me");
  recorder.record(subject, "Warning", "Failed", "step broke");
  await recorder.flush();
  expect(events()).toMatchObject([{ type: "Warning", reason: "Failed", message: "step broke", count: 1, involvedObject: subject }]);
});

test("counts what repeats instead of writing it again, and writes seldom", async () => {
  const clock = createFakeClock();
  const recorder = createEventRecorder(client, clock, "me");
  for (let i = 0; i < 100; i++) {
    recorder.record(subject, "Warning", "Failed", "step broke");
    await clock.advance(1000);
  }
  await recorder.flush();
  expect(events()).toHaveLength(1);
  expect(events()[0]!.count).toBeGreaterThan(80);
  expect(server.requests.length).toBeLessThan(6);
});

test("keeps different messages, objects and far times apart", async () => {
  const clock = createFakeClock();
  const recorder = createEventRecorder(client, clock, "me");
  recorder.record(subject, "Normal", "A", "x");
  recorder.record(subject, "Normal", "A", "y");
  recorder.record({ ...subject, uid: "u2" }, "Normal", "A", "x");
  await clock.advance(700_000);
  recorder.record(subject, "Normal", "A", "x");
  await recorder.flush();
  expect(events()).toHaveLength(4);
});

test("goes on when an event can't be written", async () => {
  const recorder = createEventRecorder(client, createFakeClock(), "me");
  server.failNext((method) => method === "POST", 500, 1);
  recorder.record(subject, "Normal", "A", "lost");
  recorder.record(subject, "Normal", "B", "kept");
  await recorder.flush();
  expect(events().map((event) => event.message)).toEqual(["kept"]);
});
