// A mesh outlives its executions: entering and leaving cost no connection, and frames find the execution that they belong to.
import { afterEach, expect, test } from "vitest";
import type { DataMessage } from "../../../../runtime/timely/communication/fabric.ts";
import { openMeshFabric } from "../../../../runtime/timely/communication/websocket/index.ts";
import { createStation, pause, until } from "../station.ts";
import { startAll, type Processes } from "./processes.ts";

let processes: Processes;
afterEach(() => processes.close());
const data = (...records: unknown[]): DataMessage => ({ kind: "data", dataflow: 0, channel: 0, time: 0, records });

test("frames of an older execution are dropped, frames of a newer one wait", async () => {
  processes = await startAll(2);
  const [first, second] = processes.meshes as [Processes["meshes"][0], Processes["meshes"][0]];
  const pair = { processes: 2, threads: 1 };
  const a1 = createStation(openMeshFabric(first.enter(1, pair)));
  const b1 = createStation(openMeshFabric(second.enter(1, pair)));
  a1.fabric.send(1, data("one"));
  a1.fabric.flush();
  await until(() => b1.inbox.length === 1, "the first has arrived");
  // Process 0 goes ahead; process 1 still sends in the old execution.
  a1.fabric.close();
  const a2 = createStation(openMeshFabric(first.enter(2, pair)));
  a2.fabric.send(1, data("two"));
  a2.fabric.flush();
  b1.fabric.send(0, data("too late"));
  b1.fabric.flush();
  await pause(30);
  expect(b1.inbox).toHaveLength(1);
  expect(a2.inbox).toEqual([]);
  b1.fabric.close();
  const b2 = createStation(openMeshFabric(second.enter(2, pair)));
  await until(() => b2.inbox.length === 1, "what was held has arrived");
  expect((b2.inbox[0]!.message as DataMessage).records).toEqual(["two"]);
  await until(() => a2.fabric.outstanding() === 0, "its credit is back");
  expect([a1, b1, a2, b2].flatMap(({ failures }) => failures)).toEqual([]);
});

test("a hundred executions use the connections of the first, also while the number of processes changes", async () => {
  processes = await startAll(4);
  const events: string[] = [];
  for (const mesh of processes.meshes) mesh.onPeer((_, event) => events.push(event));
  for (let execution = 1; execution <= 100; execution++) {
    const size = 2 + (execution % 3);
    const members = processes.meshes
      .slice(0, size)
      .map((mesh) => createStation(openMeshFabric(mesh.enter(execution, { processes: size, threads: 1 }))));
    for (const { fabric } of members) {
      fabric.broadcast(data(execution));
      fabric.flush();
    }
    await until(() => members.every(({ inbox }) => inbox.length === size), `execution ${execution} has exchanged its messages`);
    for (const { fabric } of members) fabric.close();
  }
  expect(events).toEqual([]);
});

test("control messages go between any two processes, in order with the frames, outside of executions too", async () => {
  processes = await startAll(3);
  const [first, second] = processes.meshes as [Processes["meshes"][0], Processes["meshes"][0]];
  const seen: unknown[] = [];
  second.control.onMessage((from, message, payload) => seen.push([from, message, payload]));
  first.control.send(1, { what: "hello", n: [1, null] });
  processes.meshes[2]!.control.send(1, "bytes", new Uint8Array([1, 2, 3]));
  second.control.send(1, "to myself");
  await until(() => seen.length === 3, "all three have come");
  expect(seen).toContainEqual([0, { what: "hello", n: [1, null] }, undefined]);
  expect(seen).toContainEqual([2, "bytes", new Uint8Array([1, 2, 3])]);
  expect(seen).toContainEqual([1, "to myself", undefined]);

  seen.length = 0;
  const topology = { processes: 3, threads: 1 };
  const a = createStation(openMeshFabric(first.enter(1, topology)));
  const b = createStation(openMeshFabric(second.enter(1, topology)));
  second.control.onMessage((_, message) => seen.push([message, b.fabric.receive(({ kind }) => seen.push(kind))]));
  a.fabric.send(1, data(1));
  first.control.send(1, "after the data");
  await until(() => seen.length === 2, "both have come");
  expect(seen).toEqual(["data", ["after the data", true]]);
});

test("entering an execution that was left, or an older one, is refused", async () => {
  processes = await startAll(1);
  const port = processes.meshes[0]!.enter(3, { processes: 1, threads: 1 });
  port.leave();
  expect(() => processes.meshes[0]!.enter(3, { processes: 1, threads: 1 })).toThrow("3");
  expect(() => processes.meshes[0]!.enter(2, { processes: 1, threads: 1 })).toThrow("2");
});
