// Mutual TLS on the mesh: who shows a certificate of the flow's authority may join, and nobody else.
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { WeirError } from "../../../../runtime/errors/index.ts";
import { readMeshTls } from "../../../../runtime/host/mesh-tls.ts";
import { openMeshFabric, type MeshTls } from "../../../../runtime/timely/communication/websocket/index.ts";
import { createStation, until } from "../station.ts";
import { createProcesses, type Processes } from "./processes.ts";

let processes: Processes;
beforeEach(() => {
  processes = createProcesses();
});
afterEach(() => processes.close());

const of = (whose: "ours" | "theirs"): MeshTls => readMeshTls(fileURLToPath(new URL(`./certificates/${whose}`, import.meta.url)));

describe("with mutual TLS", () => {
  test("processes of one authority exchange messages", async () => {
    const first = await processes.start(0, { tls: of("ours") });
    const second = await processes.start(1, { tls: of("ours") });
    await Promise.all([first.ready(2), second.ready(2)]);
    const got: unknown[] = [];
    first.control.onMessage((from, message) => got.push([from, message]));
    second.control.send(0, { hello: "secret" });
    await until(() => got.length > 0, "the message has come");
    expect(got).toEqual([[1, { hello: "secret" }]]);
  });

  for (const [who, own] of [
    ["a process of another authority", () => of("theirs")],
    ["a process without TLS", () => undefined],
  ] as const)
    test(`${who} does not get in, though it knows the token, and is told why`, async () => {
      const first = await processes.start(0, { tls: of("ours") });
      const second = await processes.start(1, { tls: own(), startTimeoutMs: 300 });
      const errors: WeirError[] = [];
      second.onRefused((_, error) => errors.push(error));
      const b = createStation(openMeshFabric(second.enter(1, { processes: 2, threads: 1 })));
      await until(() => b.failures.length > 0, "it has given up");
      expect(first.connected(1)).toBe(false);
      expect(second.connected(0)).toBe(false);
      if (own() !== undefined)
        expect(errors[0]).toMatchObject({ code: "WEIR_PEER_REFUSED", message: expect.stringContaining("TLS") });
    });

  test("a process that shows no certificate does not get in, though it trusts the other's", async () => {
    const first = await processes.start(0, { tls: of("ours") });
    const second = await processes.start(1, { tls: { ca: of("ours").ca } as MeshTls, startTimeoutMs: 300 });
    const b = createStation(openMeshFabric(second.enter(1, { processes: 2, threads: 1 })));
    await until(() => b.failures.length > 0, "it has given up");
    expect(first.connected(1)).toBe(false);
  });
});
