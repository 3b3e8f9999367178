import { afterAll, beforeAll, expect, it } from "vitest";
import { configMap, maps, started, type Started } from "./started.ts";

interface Event {
  type: string;
  object: {
    kind: string;
    code?: number;
    metadata: { name?: string; resourceVersion: string; annotations?: Record<string, string> };
  };
}

let api: Started;
beforeAll(async () => {
  api = await started({ historyLimit: 20 });
});
afterAll(() => api.stop());

const version = async (): Promise<string> =>
  ((await api.ok("GET", maps)) as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
const named = (events: unknown[]): string[] =>
  (events as Event[]).map((event) => `${event.type} ${event.object.metadata.name ?? event.object.kind}`);

it("shows what happens after a revision, each change once and in order", async () => {
  const from = await version();
  const watching = api.connection.watch(`${maps}?watch=true&resourceVersion=${from}`, (events) => events.length >= 3, 5000);
  await api.ok("POST", maps, configMap("w1"));
  await api.ok("PATCH", `${maps}/w1`, { data: { b: "2" } }, { "content-type": "application/merge-patch+json" });
  await api.ok("DELETE", `${maps}/w1`);
  expect(named(await watching)).toEqual(["ADDED w1", "MODIFIED w1", "DELETED w1"]);
  const again = await api.connection.watch(`${maps}?watch=true&resourceVersion=${from}`, (events) => events.length >= 3, 5000);
  expect(named(again)).toEqual(["ADDED w1", "MODIFIED w1", "DELETED w1"]);
});

it("shows an object that enters or leaves a selection as added or deleted", async () => {
  const watching = api.connection.watch(
    `${maps}?watch=true&resourceVersion=${await version()}&labelSelector=x%3D1`,
    (events) => events.length >= 3,
    5000,
  );
  await api.ok("POST", maps, configMap("w2"));
  const label = (value: string | null) =>
    api.ok("PATCH", `${maps}/w2`, { metadata: { labels: { x: value } } }, { "content-type": "application/merge-patch+json" });
  await label("1");
  await label("2");
  await label("1");
  expect(named(await watching)).toEqual(["ADDED w2", "DELETED w2", "ADDED w2"]);
});

it("begins with what there is when asked to, and says where that ends", async () => {
  const path = `${maps}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&fieldSelector=metadata.name%3Dw2`;
  const events = (await api.connection.watch(path, (seen) => seen.length >= 2, 5000)) as Event[];
  expect(named(events)).toEqual(["ADDED w2", "BOOKMARK ConfigMap"]);
  expect(events[1]!.object.metadata.annotations).toEqual({ "k8s.io/initial-events-end": "true" });
});

it("ends after timeoutSeconds", async () => {
  const before = Date.now();
  await api.connection.watch(`${maps}?watch=true&timeoutSeconds=1&resourceVersion=${await version()}`, () => false, 10_000);
  expect(Date.now() - before).toBeLessThan(5000);
});

it("answers 410 to a watch from before what is remembered", async () => {
  for (let i = 0; i < 40; i++)
    await api.ok("PATCH", `${maps}/w2`, { data: { i: String(i) } }, { "content-type": "application/merge-patch+json" });
  const events = (await api.connection.watch(`${maps}?watch=true&resourceVersion=2`, (seen) => seen.length >= 1, 5000)) as Event[];
  expect(events[0]).toMatchObject({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } });
});

it("shows pages of one revision while others write", async () => {
  for (const name of ["p1", "p2", "p3", "p4"]) await api.ok("POST", maps, configMap(name, { labels: { page: "1" } }));
  const first = await api.ok("GET", `${maps}?labelSelector=page&limit=2`);
  await api.ok("DELETE", `${maps}/p3`);
  await api.ok("POST", maps, configMap("p35", { labels: { page: "1" } }));
  const second = await api.ok("GET", `${maps}?labelSelector=page&limit=2&continue=${first.metadata.continue}`);
  expect([...first.items, ...second.items].map((item) => item.metadata.name)).toEqual(["p1", "p2", "p3", "p4"]);
  expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  expect(second.metadata.continue).toBeUndefined();
});

it("leaves no error of its own behind", () => {
  expect(api.errors).toEqual([]);
});
