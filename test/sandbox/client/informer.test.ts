/** The informer against a server that misbehaves on purpose: what the copy says must end up as what the server has. */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  createClient,
  resources,
  startInformer,
  type Client,
  type Informer,
  type KubernetesObject,
} from "../../../sandbox/client/index.ts";
import { until } from "../world.ts";

interface Numbered extends KubernetesObject {
  data?: { value: string };
}

describe("an informer", () => {
  let server: Server;
  let client: Client;
  let informer: Informer<Numbered> | undefined;
  let objects: Map<string, Numbered>;
  let version: number;
  let watches: Set<ServerResponse>;
  let lists: number;
  let from: (string | null)[];
  /** Answers before the usual ones, while there are any. */
  let refusals: { code: number; body: object; header?: Record<string, string> }[];
  let expired: boolean;

  const put = (name: string, value: string): void => {
    version++;
    const object = { metadata: { name, namespace: "n", uid: `uid-${name}`, resourceVersion: String(version) }, data: { value } };
    const type = objects.has(name) ? "MODIFIED" : "ADDED";
    objects.set(name, object);
    for (const watch of watches) watch.write(`${JSON.stringify({ type, object })}\n`);
  };
  const remove = (name: string): void => {
    version++;
    const object = objects.get(name);
    objects.delete(name);
    for (const watch of watches) watch.write(`${JSON.stringify({ type: "DELETED", object })}\n`);
  };
  const cut = (): void => {
    for (const watch of watches) watch.destroy();
    watches.clear();
  };
  const shown = (): Record<string, string | undefined> =>
    Object.fromEntries((informer?.list() ?? []).map(({ metadata, data }) => [metadata.name, data?.value]));
  const shows = (wanted: Record<string, string>): Promise<unknown> =>
    until(JSON.stringify(wanted), async () => JSON.stringify(shown()) === JSON.stringify(wanted), 10_000);

  beforeEach(async () => {
    objects = new Map();
    watches = new Set();
    refusals = [];
    from = [];
    version = 10;
    lists = 0;
    expired = false;
    server = createServer((request, response) => {
      const url = new URL(request.url ?? "/", "http://server");
      const refusal = refusals.shift();
      if (refusal !== undefined) return response.writeHead(refusal.code, refusal.header).end(JSON.stringify(refusal.body));
      if (url.searchParams.get("watch") !== "true") {
        lists++;
        return response.end(JSON.stringify({ metadata: { resourceVersion: String(version) }, items: [...objects.values()] }));
      }
      from.push(url.searchParams.get("resourceVersion"));
      response.writeHead(200);
      response.flushHeaders();
      if (expired) {
        expired = false;
        return response.end(`${JSON.stringify({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } })}\n`);
      }
      watches.add(response);
      response.once("close", () => watches.delete(response));
      return response;
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    client = createClient({ server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  });
  afterEach(async () => {
    informer?.stop();
    client.close();
    cut();
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  const start = async (): Promise<void> => {
    informer = startInformer<Numbered>(client, resources.configMaps, { maxDelayMs: 200 });
    await informer.synced;
    await until("the watch", async () => watches.size === 1);
  };

  it("follows additions, changes and removals, and tells each once", async () => {
    put("a", "1");
    await start();
    const told: string[] = [];
    informer?.onChange((current, previous, key) => told.push(`${key} ${previous?.data?.value} ${current?.data?.value}`));
    put("b", "1");
    put("a", "2");
    remove("b");
    await shows({ a: "2" });
    expect(told).toEqual(["n/a undefined 1", "n/b undefined 1", "n/a 1 2", "n/b 1 undefined"]);
  });

  it("resumes a cut watch from the last version it saw, without listing again", async () => {
    await start();
    put("a", "1");
    await shows({ a: "1" });
    cut();
    await until("the next watch", async () => watches.size === 1);
    expect(lists).toBe(1);
    expect(from).toEqual(["10", "11"]);
    put("a", "2");
    await shows({ a: "2" });
  });

  it("takes the version of bookmarks, so that a quiet collection does not expire", async () => {
    await start();
    for (const watch of watches)
      watch.write(`${JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: "99" } } })}\n`);
    // Time for it to arrive; a cut takes along what is still on its way.
    await sleep(100);
    cut();
    await until("the next watch", async () => watches.size === 1);
    expect(from).toEqual(["10", "99"]);
    expect(lists).toBe(1);
  });

  it.each(["as an event", "as the answer"])(
    "lists anew when its version has expired (%s), and tells what went meanwhile",
    async (how) => {
      put("a", "1");
      put("b", "1");
      await start();
      const gone: string[] = [];
      informer?.onChange((current, _previous, key) => current === undefined && gone.push(key));
      if (how === "as an event") expired = true;
      else refusals.push({ code: 410, body: { kind: "Status", code: 410, reason: "Expired", message: "too old" } });
      const open = [...watches];
      watches.clear();
      remove("b");
      put("c", "1");
      for (const watch of open) watch.destroy();
      await shows({ a: "1", c: "1" });
      expect(gone).toEqual(["n/b"]);
      expect(lists).toBe(2);
    },
  );

  it("goes on after refusals, and waits as long as it is told to", async () => {
    refusals.push({ code: 500, body: {} }, { code: 429, body: {}, header: { "retry-after": "1" } });
    const began = Date.now();
    put("a", "1");
    await start();
    expect(Date.now() - began).toBeGreaterThanOrEqual(1000);
    expect(shown()).toEqual({ a: "1" });
  });

  it("shows a new object under an old name as one that went and one that came", async () => {
    put("a", "1");
    await start();
    const told: string[] = [];
    informer?.onChange((current, previous) => told.push(`${previous?.metadata.uid} ${current?.metadata.uid}`));
    version++;
    const object = {
      metadata: { name: "a", namespace: "n", uid: "another", resourceVersion: String(version) },
      data: { value: "2" },
    };
    objects.set("a", object);
    for (const watch of watches) watch.write(`${JSON.stringify({ type: "MODIFIED", object })}\n`);
    await shows({ a: "2" });
    expect(told).toEqual(["undefined uid-a", "uid-a undefined", "undefined another"]);
  });
});
