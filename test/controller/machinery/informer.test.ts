import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  createInformer,
  createKubeClient,
  systemClock,
  type Informer,
  type KubeClient,
} from "../../../controller/machinery/index.ts";
import { startFakeApiServer, type FakeApiServer, type StoredObject } from "../fakes/api-server.ts";

const path = "/api/v1/namespaces/default/configmaps";
let server: FakeApiServer;
let client: KubeClient;
let stop: AbortController;
let informer: Informer<StoredObject>;
let seen: string[];
let troubles: number;
let running: Promise<void>;

const start = (labelSelector?: string) => {
  informer = createInformer<StoredObject>({
    client,
    clock: systemClock,
    path: "/api/v1/configmaps",
    ...(labelSelector === undefined ? {} : { labelSelector }),
    onChange: (object, gone) => seen.push(`${gone ? "-" : "+"}${object.metadata.name}`),
    onTrouble: () => troubles++,
    random: () => 0,
    idleMs: 400,
  });
  running = informer.run(stop.signal);
};
const create = (name: string, labels: Record<string, string> = {}) =>
  client.request("POST", path, { body: { metadata: { name, labels }, data: {} } });
const until = async (check: () => boolean) => {
  for (let i = 0; i < 400 && !check(); i++) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(check(), JSON.stringify({ seen, troubles })).toBe(true);
};

beforeEach(async () => {
  server = await startFakeApiServer();
  client = createKubeClient(server.config);
  stop = new AbortController();
  seen = [];
  troubles = 0;
});
afterEach(async () => {
  stop.abort();
  await running;
  client.close();
  await server.close();
});

describe("an informer", () => {
  test("lists, then follows", async () => {
    await create("a");
    start();
    await informer.synced;
    expect(informer.get("default/a")?.metadata.name).toBe("a");
    await create("b");
    await until(() => informer.get("default/b") !== undefined);
    await client.request("DELETE", `${path}/a`);
    await until(() => informer.get("default/a") === undefined);
    expect(seen).toEqual(["+a", "+b", "-a"]);
  });

  test("keeps to its label selector", async () => {
    await create("a", { ours: "yes" });
    await create("b");
    start("ours");
    await informer.synced;
    await create("c");
    await create("d", { ours: "yes" });
    await until(() => informer.get("default/d") !== undefined);
    expect([...informer.values()].map((object) => object.metadata.name)).toEqual(["a", "d"]);
  });

  test("goes on after its watch was cut, without listing again", async () => {
    start();
    await informer.synced;
    await until(() => server.watches() === 1);
    server.dropWatches();
    await create("a");
    await until(() => informer.get("default/a") !== undefined);
    expect(
      server.requests.filter((request) => request.method === "GET" && request.path.endsWith("/configmaps")).length,
    ).toBeGreaterThanOrEqual(2);
    expect(seen).toEqual(["+a"]);
    expect(troubles).toBeGreaterThan(0);
  });

  test("goes on after the server ended the watch", async () => {
    start();
    await informer.synced;
    await until(() => server.watches() === 1);
    server.endWatches();
    await create("a");
    await until(() => informer.get("default/a") !== undefined);
    expect(troubles).toBe(0);
  });

  test("takes a silent connection for dead", async () => {
    start();
    await informer.synced;
    const watches = () => server.requests.length;
    const before = watches();
    await until(() => watches() >= before + 2);
  });

  test("lists again when its version is gone, and reports what was deleted meanwhile", async () => {
    await create("a");
    await create("b");
    start();
    await informer.synced;
    await until(() => server.watches() === 1);
    server.chaos = (_method, _path) => 503;
    server.dropWatches();
    await until(() => troubles > 0);
    const other = createKubeClient(server.config, { userAgent: "test" });
    await other.request("DELETE", `${path}/a`);
    await other.request("POST", path, { body: { metadata: { name: "c" }, data: {} } });
    other.close();
    server.compact();
    server.chaos = undefined;
    await until(() => informer.get("default/c") !== undefined && informer.get("default/a") === undefined);
    expect(seen).toEqual(["+a", "+b", "-a", "+c"]);
  });

  test.each([401, 403, 429, 500, 503])("does not give up on status %i", async (status) => {
    server.failNext((method) => method === "GET" || method === "WATCH", status, 3);
    await createKubeClient(server.config, { userAgent: "test" }).request("POST", path, {
      body: { metadata: { name: "a" }, data: {} },
    });
    start();
    await until(() => informer.get("default/a") !== undefined);
  });
});
