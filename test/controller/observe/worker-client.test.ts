import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createWorkerClient, type WorkerClient } from "../../../controller/observe/index.ts";
import { worker } from "../decide/cases.ts";

let server: Server;
let client: WorkerClient;
afterEach(() => {
  client.close();
  server.closeAllConnections();
  server.close();
});

type Answer = { status: number; body: string } | "silence";
const heard: { method: string; url: string; authorization: string | undefined; body: string }[] = [];
const listen = async (answer: Answer, statusTimeoutMs = 200) => {
  heard.length = 0;
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      heard.push({ method: request.method!, url: request.url!, authorization: request.headers.authorization, body });
      if (answer !== "silence") response.writeHead(answer.status).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  client = createWorkerClient({ port: (server.address() as AddressInfo).port, statusTimeoutMs });
};

test("reads a status", async () => {
  await listen({ status: 200, body: JSON.stringify(worker(1)) });
  expect(await client.status("127.0.0.1")).toEqual(worker(1));
});

test("reads a status whose epoch is beyond all epochs", async () => {
  await listen({ status: 200, body: JSON.stringify({ ...worker(1), epoch: null }) });
  const { epoch: _epoch, ...rest } = worker(1);
  expect(await client.status("127.0.0.1")).toEqual(rest);
});

test.each<[string, Answer]>([
  ["an error", { status: 500, body: "{}" }],
  ["what is no status", { status: 200, body: '{"phase":"running"}' }],
  ["what is no JSON", { status: 200, body: "<html>" }],
  ["silence", "silence"],
  ["far too much", { status: 200, body: `"${"x".repeat(5_000_000)}"` }],
])("takes %s for no answer", async (_what, answer) => {
  await listen(answer, 1000);
  expect(await client.status("127.0.0.1")).toBeUndefined();
});

test("takes a closed port for no answer", async () => {
  await listen("silence");
  const { port } = server.address() as AddressInfo;
  server.close();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const other = createWorkerClient({ port, statusTimeoutMs: 200 });
  expect(await other.status("127.0.0.1")).toBeUndefined();
  other.close();
});

test("posts with the token, and gives back what was answered", async () => {
  await listen({ status: 200, body: '{"epoch":3}' });
  expect(await client.post("127.0.0.1", "/rescale", "secret", { processes: 4 }, 1000)).toEqual({ epoch: 3 });
  expect(heard).toEqual([{ method: "POST", url: "/rescale", authorization: "Bearer secret", body: '{"processes":4}' }]);
});

test("throws with what the worker said", async () => {
  await listen({ status: 409, body: '{"code":"WEIR_RESCALE_REFUSED","message":"another change runs"}' });
  await expect(client.post("127.0.0.1", "/rescale", "t", {}, 1000)).rejects.toThrow(
    "POST /rescale answered 409: another change runs",
  );
});

test("does not wait for ever", async () => {
  await listen("silence");
  await expect(client.post("127.0.0.1", "/drain", "t", {}, 100)).rejects.toThrow("no answer in 0.1 s");
});
