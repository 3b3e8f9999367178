// Who may join: the token first, then the flow, the execution and the topology; and what the refused one is told.
import { connect } from "node:net";
import { request } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { WeirError } from "../../../../runtime/errors/index.ts";
import { createMesh, openMeshFabric, type Mesh } from "../../../../runtime/timely/communication/websocket/index.ts";
import { createStation, pause, until } from "../station.ts";
import { createProcesses, type Processes } from "./processes.ts";

let processes: Processes;
beforeEach(() => {
  processes = createProcesses();
});
afterEach(() => processes.close());

function refusals(mesh: Mesh): WeirError[] {
  const errors: WeirError[] = [];
  mesh.onRefused((_, error) => errors.push(error));
  return errors;
}

describe("a peer is refused, with the reason,", () => {
  test("for a wrong token", async () => {
    const first = await processes.start(0);
    const second = await processes.start(1, { token: "guessed" });
    const errors = refusals(second);
    const b = createStation(openMeshFabric(second.enter(1, { processes: 2, threads: 1 })));
    await until(() => errors.length > 0 && b.failures.length > 0, "the refusal has come");
    expect(errors[0]).toMatchObject({
      code: "WEIR_PEER_REFUSED",
      message: expect.stringMatching(/process 0 refuses process 1 .*token/) as string,
    });
    expect(errors[0]!.message).not.toContain("guessed");
    expect(b.failures).toMatchObject([{ code: "WEIR_PEER_REFUSED" }]);
    expect(first.connected(1)).toBe(false);
  });
  test("for another flow", async () => {
    await processes.start(0);
    const second = await processes.start(1, { flow: "other" });
    const errors = refusals(second);
    second.connect(2);
    await until(() => errors.length > 0, "the refusal has come");
    expect(errors[0]!.message).toMatch(/runs the flow "flow", not "other"/);
  });
  test("for an older execution, and is told the newer one's number", async () => {
    const first = await processes.start(0);
    openMeshFabric(first.enter(7, { processes: 2, threads: 1 }));
    const second = await processes.start(1);
    const newer: number[][] = [];
    second.onNewerExecution((...told) => newer.push(told));
    const b = createStation(openMeshFabric(second.enter(5, { processes: 2, threads: 1 })));
    await until(() => b.failures.length > 0, "the execution has ended");
    expect(b.failures).toMatchObject([
      // The flow goes on by itself after a loss, and after a refusal it does not.
      { code: "WEIR_PEER_LOST", message: expect.stringContaining("in execution 7, not 5") as string },
    ]);
    expect(newer[0]).toEqual([0, 7]);
    // Once it has left the old execution it may join.
    b.fabric.close();
    await Promise.all([first.ready(2), second.ready(2)]);
  });
  test("for a newer execution, which is reported to the one that lags behind", async () => {
    const first = await processes.start(0);
    const newer: number[][] = [];
    first.onNewerExecution((...told) => newer.push(told));
    const a = createStation(openMeshFabric(first.enter(5, { processes: 2, threads: 1 })));
    const second = await processes.start(1);
    const b = createStation(openMeshFabric(second.enter(6, { processes: 2, threads: 1 })));
    await until(() => newer.length > 0, "it was reported");
    expect(newer[0]).toEqual([1, 6]);
    expect(b.failures).toEqual([]);
    a.fabric.close();
    await Promise.all([first.ready(2), second.ready(2)]);
    expect(b.failures).toEqual([]);
  });
  test("for another topology of the same execution, whoever enters first", async () => {
    const first = await processes.start(0);
    const second = await processes.start(1);
    await Promise.all([first.ready(2), second.ready(2)]);
    const a = createStation(openMeshFabric(first.enter(1, { processes: 2, threads: 1 })));
    const b = createStation(openMeshFabric(second.enter(1, { processes: 3, threads: 1 })));
    await until(() => a.failures.length > 0 && b.failures.length > 0, "both have noticed");
    expect(a.failures[0]!.message).toContain("2 processes of 1 workers, not of 3 processes of 1 workers");
  });
});

test("strangers get an HTTP answer and no connection", async () => {
  const { port } = await processes.start(0);
  const outcome = (headers: Record<string, string>, path = "/mesh"): Promise<number | undefined> =>
    new Promise((resolve) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
      socket.on("unexpected-response", (_, response) => {
        resolve(response.statusCode);
        socket.terminate();
      });
      socket.on("open", () => resolve(101));
      socket.on("error", () => undefined);
    });
  expect(await outcome({})).toBe(401);
  expect(await outcome({ authorization: "Bearer " })).toBe(401);
  expect(await outcome({ authorization: "Bearer secre" })).toBe(401);
  expect(await outcome({ authorization: "secret" })).toBe(401);
  expect(await outcome({ authorization: "Bearer secret" })).toBe(400);
  expect(await outcome({ authorization: "Bearer secret", "weir-hello": "bm9uc2Vuc2U" })).toBe(400);
  expect(await outcome({ authorization: "Bearer secret" }, "/other")).toBe(404);
  const plain = await new Promise((resolve) =>
    request({ port, host: "127.0.0.1" }, (response) => resolve(response.statusCode)).end(),
  );
  expect(plain).toBe(426);
});

test("garbage on the port disturbs nobody", async () => {
  const first = await processes.start(0);
  for (const garbage of ["\0\0\0\0", "GET /mesh HTTP/1.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"]) {
    const socket = connect({ port: first.port!, host: "127.0.0.1" });
    socket.on("error", () => undefined);
    socket.write(garbage);
    await pause(10);
    socket.destroy();
  }
  const second = await processes.start(1);
  await Promise.all([first.ready(2), second.ready(2)]);
});

test("a port in use is said so", async () => {
  const { port } = await processes.start(0);
  const second = createMesh({
    process: 1,
    flow: "flow",
    token: "secret",
    address: () => "",
    listen: { port: port!, host: "127.0.0.1" },
  });
  await expect(second).rejects.toMatchObject({ code: "WEIR_PORT_IN_USE", message: expect.stringContaining(`${port}`) as string });
});
