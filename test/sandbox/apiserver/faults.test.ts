import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { configMap, maps, started, type Started } from "./started.ts";

let api: Started;
beforeAll(async () => {
  api = await started();
});
afterEach(() => api.server.faults.clear());
afterAll(() => api.stop());

it("refuses for a number of requests, then no more", async () => {
  api.server.faults.add({ kind: "too-many-requests", count: 2, retryAfter: 3, verbs: ["get", "list"] });
  const first = await api.connection.send("GET", maps);
  expect(first).toMatchObject({ code: 429, body: { reason: "TooManyRequests", details: { retryAfterSeconds: 3 } } });
  expect((await api.connection.send("GET", maps)).code).toBe(429);
  expect((await api.connection.send("GET", maps)).code).toBe(200);
});

it("makes writes of one kind conflict", async () => {
  api.server.faults.add({ kind: "conflict", count: 1, resource: "configmaps" });
  expect((await api.connection.send("GET", maps)).code).toBe(200);
  expect((await api.connection.send("POST", maps, configMap("f1"))).body).toMatchObject({ code: 409, reason: "Conflict" });
  expect((await api.connection.send("POST", maps, configMap("f1"))).code).toBe(201);
});

it("answers late, with 500, or not at all", async () => {
  api.server.faults.add({ kind: "slow", count: 1, delay: 300 });
  const before = Date.now();
  await api.ok("GET", maps);
  expect(Date.now() - before).toBeGreaterThanOrEqual(290);
  api.server.faults.add({ kind: "internal-error", count: 1 });
  expect((await api.connection.send("GET", maps)).code).toBe(500);
  api.server.faults.add({ kind: "drop", count: 1 });
  await expect(api.connection.send("GET", maps)).rejects.toThrow();
});

it("cuts running watches, with and without a 410", async () => {
  const { metadata } = await api.ok("GET", maps);
  const path = `${maps}?watch=true&resourceVersion=${metadata.resourceVersion}`;
  const cut = async (expire: boolean): Promise<unknown[]> => {
    const watching = api.connection.watch(path, () => false, 5000);
    while (api.server.faults.cutWatches({ expire }) === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    return watching;
  };
  expect(await cut(false)).toEqual([]);
  expect(await cut(true)).toMatchObject([{ type: "ERROR", object: { code: 410 } }]);
});

it("forgets the past when asked", async () => {
  const { metadata } = await api.ok("GET", maps);
  await api.ok("POST", maps, configMap("f2"));
  api.server.faults.compact();
  const events = await api.connection.watch(
    `${maps}?watch=true&resourceVersion=${metadata.resourceVersion}`,
    (seen) => seen.length > 0,
    5000,
  );
  expect(events).toMatchObject([{ type: "ERROR", object: { code: 410 } }]);
});

it("is administered over HTTP, with the token only", async () => {
  expect(await api.ok("POST", "/sandbox/faults", { kind: "conflict", milliseconds: 60_000 })).toMatchObject({
    faults: [{ kind: "conflict" }],
  });
  expect((await api.connection.send("POST", maps, configMap("f3"))).code).toBe(409);
  expect(await api.ok("DELETE", "/sandbox/faults")).toEqual({ faults: [] });
  expect((await api.connection.send("POST", "/sandbox/faults", { kind: "gremlins" })).code).toBe(400);
  const anonymous = await api.connection.send("GET", "/sandbox/faults", undefined, { authorization: "Bearer wrong" });
  expect(anonymous).toMatchObject({ code: 401, body: { reason: "Unauthorized" } });
});
