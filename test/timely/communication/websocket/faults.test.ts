// A mesh over a network that fails: what is interrupted resumes, what is lost is said to be lost.
import { afterEach, describe, expect, test } from "vitest";
import type { DataMessage } from "../../../../runtime/timely/communication/fabric.ts";
import { openMeshFabric, type MeshOptions } from "../../../../runtime/timely/communication/websocket/index.ts";
import { createStation, pause, until, type Station } from "../station.ts";
import { createFaultyProxy, type FaultyProxy } from "./faulty-proxy.ts";
import { createProcesses, type Processes } from "./processes.ts";

const pair = { processes: 2, threads: 1 };
let processes: Processes;
let proxy: FaultyProxy | undefined;
afterEach(async () => {
  await processes.close();
  await proxy?.close();
  proxy = undefined;
});

async function proxied(options: Partial<MeshOptions> = {}): Promise<{ a: Station; b: Station; proxy: FaultyProxy }> {
  processes = createProcesses(options);
  await processes.start(0);
  proxy = await createFaultyProxy(processes.meshes[0]!.port!);
  processes.via(1, 0, proxy.port);
  await processes.start(1);
  await Promise.all(processes.meshes.map((mesh) => mesh.ready(2)));
  const [a, b] = processes.meshes.map((mesh) => createStation(openMeshFabric(mesh.enter(1, pair), { window: 1 << 20 })));
  return { a: a!, b: b!, proxy };
}
const data = (...records: unknown[]): DataMessage => ({ kind: "data", dataflow: 0, channel: 0, time: 0, records });
const firsts = (station: Station): unknown[] =>
  station.inbox.map(({ message }) => (message.kind === "data" ? message.records[0] : message.changes[0]));

describe("a connection that is cut", () => {
  test("thirty times in mid-stream loses, repeats and reorders nothing, either way, control messages included", async () => {
    const { a, b, proxy } = await proxied();
    const controls: unknown[] = [];
    processes.meshes[1]!.control.onMessage((from, message) => controls.push([from, message]));
    // Budgets chosen to end connections in heads, in the middle of frames and in acknowledgements.
    let cuts = 0;
    proxy.cutAfter(() => (cuts++ < 30 ? 600 + ((cuts * 7_919) % 90_000) : undefined));
    proxy.cut();
    const count = 3_000;
    for (let i = 0; i < count; i++) {
      const filler = Array.from({ length: (i * 31) % 700 }, (_, j) => j * 1_000);
      for (const { fabric } of [a, b]) {
        if (i % 5 === 0) fabric.broadcast({ kind: "progress", dataflow: 0, changes: [i] });
        else fabric.send(1 - fabric.index, data(i, ...filler));
        fabric.flush();
      }
      if (i % 100 === 0) processes.meshes[0]!.control.send(1, { tick: i }, new Uint8Array(i % 7));
      if (i % 50 === 0) await pause(5);
    }
    await until(
      () => a.inbox.length >= count + count / 5 && b.inbox.length >= count + count / 5,
      "all has arrived on both sides",
      20_000,
    );
    await pause(100);
    const remote = (station: Station): unknown[] =>
      firsts({ ...station, inbox: station.inbox.filter(({ from }) => from !== station.fabric.index) });
    const numbers = Array.from({ length: count }, (_, i) => i);
    expect(remote(a)).toEqual(numbers);
    expect(remote(b)).toEqual(numbers);
    expect(controls).toEqual(numbers.filter((i) => i % 100 === 0).map((tick) => [0, { tick }]));
    expect(proxy.connections).toBeGreaterThan(20);
    expect([...a.failures, ...b.failures]).toEqual([]);
    await until(() => a.fabric.outstanding() === 0 && b.fabric.outstanding() === 0, "all credit is back");
  });

  test("and stays away beyond the timeout is a lost peer, on both sides", async () => {
    const { a, b, proxy } = await proxied({ peerTimeoutMs: 300 });
    proxy.drop(true);
    proxy.cut();
    await until(() => a.failures.length > 0 && b.failures.length > 0, "both have noticed", 3_000);
    expect(a.failures).toMatchObject([{ code: "WEIR_PEER_LOST", message: expect.stringContaining("process 1") as string }]);
    expect(b.failures).toMatchObject([{ code: "WEIR_PEER_LOST", message: expect.stringContaining("process 0") as string }]);
    // The mesh goes on: the next execution finds the peer again.
    proxy.drop(false);
    await Promise.all(processes.meshes.map((mesh) => mesh.ready(2)));
    const [c, d] = processes.meshes.map((mesh) => createStation(openMeshFabric(mesh.enter(2, pair))));
    c!.fabric.send(1, data("again"));
    c!.fabric.flush();
    await until(() => d!.inbox.length === 1, "the new execution's message has arrived");
    expect([...c!.failures, ...d!.failures]).toEqual([]);
  });

  test("back before the timeout is none", async () => {
    const { a, b, proxy } = await proxied({ peerTimeoutMs: 2_000 });
    proxy.drop(true);
    proxy.cut();
    a.fabric.send(1, data("meanwhile"));
    a.fabric.flush();
    await pause(400);
    expect(b.inbox).toEqual([]);
    proxy.drop(false);
    await until(() => b.inbox.length === 1, "it has arrived after all");
    expect([...a.failures, ...b.failures]).toEqual([]);
  });
});

test("a connection that shows no sign of life is given up, and the stream goes on over the next", async () => {
  const { a, b, proxy } = await proxied({ heartbeatMs: 30, peerTimeoutMs: 5_000 });
  const downs: string[] = [];
  processes.meshes[0]!.onPeer((_, event) => downs.push(event));
  proxy.stall(true);
  a.fabric.send(1, data("through"));
  a.fabric.flush();
  await until(() => downs.includes("down"), "the silence was noticed", 3_000);
  proxy.stall(false);
  proxy.cut();
  await until(() => b.inbox.length === 1, "it has arrived after all");
  expect(firsts(b)).toEqual(["through"]);
  expect(a.failures).toEqual([]);
});

test("an idle connection stays", async () => {
  const { a, b, proxy } = await proxied({ heartbeatMs: 20 });
  const before = proxy.connections;
  await pause(400);
  expect(proxy.connections).toBe(before);
  expect([...a.failures, ...b.failures]).toEqual([]);
});

test("a process that dies is lost within the shorter timeout, to those it dialled and those it was dialled by", async () => {
  processes = createProcesses({ refusedTimeoutMs: 200, peerTimeoutMs: 30_000 });
  for (const process of [0, 1, 2]) await processes.start(process);
  await Promise.all(processes.meshes.map((mesh) => mesh.ready(3)));
  const [a, b, c] = processes.meshes.map((mesh) => createStation(openMeshFabric(mesh.enter(1, { processes: 3, threads: 1 }))));
  await processes.meshes[1]!.close();
  await until(() => a!.failures.length > 0 && c!.failures.length > 0, "the others have noticed", 5_000);
  for (const one of [a!, c!])
    expect(one.failures).toMatchObject([{ code: "WEIR_PEER_LOST", message: expect.stringContaining("process 1") as string }]);
  expect(b!.failures).toEqual([]);
});

test("a process that never comes is lost after the time to start, once", async () => {
  processes = createProcesses({ startTimeoutMs: 100, heartbeatMs: 20 });
  const mesh = await processes.start(0);
  const events: unknown[] = [];
  mesh.onPeer((...event) => events.push(event));
  const a = createStation(openMeshFabric(mesh.enter(1, pair)));
  await until(() => a.failures.length > 0, "the absence was noticed");
  await pause(100);
  expect(a.failures).toMatchObject([{ code: "WEIR_PEER_LOST", message: expect.stringContaining("process 1") as string }]);
  expect(events).toEqual([[1, "lost"]]);
});

test("a process that restarts is lost at once, and is there for the next execution", async () => {
  processes = createProcesses();
  await processes.start(0);
  const old = await processes.start(1);
  await Promise.all(processes.meshes.map((mesh) => mesh.ready(2)));
  const a = createStation(openMeshFabric(processes.meshes[0]!.enter(1, pair)));
  const b = createStation(openMeshFabric(old.enter(1, pair)));
  b.fabric.send(0, data("before"));
  b.fabric.flush();
  await until(() => a.inbox.length === 1, "they have talked");
  await old.close();
  const again = await processes.start(1);
  again.connect(2);
  await until(() => a.failures.length > 0, "the restart was noticed", 1_000);
  expect(a.failures).toMatchObject([{ code: "WEIR_PEER_LOST", message: expect.stringMatching(/process 1 .*restarted/) as string }]);
  await processes.meshes[0]!.ready(2);
  const [c, d] = [processes.meshes[0]!, again].map((mesh) => createStation(openMeshFabric(mesh.enter(2, pair))));
  c!.fabric.send(1, data("after"));
  c!.fabric.flush();
  await until(() => d!.inbox.length === 1, "the new process has it");
});

test("a slow peer keeps the sender's memory bounded, and gets everything", async () => {
  const { a, b, proxy } = await proxied();
  proxy.stall(true);
  b.consuming = false;
  const record = "x".repeat(10_000);
  let sent = 0;
  for (let step = 0; step < 2_000; step++) {
    if (!a.fabric.congested()) {
      a.fabric.send(1, data(sent++, record));
      a.fabric.flush();
    }
    if (step % 100 === 0) await pause(1);
  }
  expect(a.fabric.congested()).toBe(true);
  expect(processes.meshes[0]!.queuedBytes()).toBeLessThan(2 << 20);
  proxy.stall(false);
  await until(() => b.inbox.length === sent, "what was sent has arrived");
  const before = a.wakes;
  b.consume();
  await until(() => !a.fabric.congested() && a.wakes > before, "the sender may go on");
  await until(() => processes.meshes[0]!.queuedBytes() === 0, "nothing is kept for sending again");
});
