// The contract over WebSockets: one worker per process, and two worker threads per process behind bridges.
import { expect, test } from "vitest";
import type { DataMessage } from "../../../../runtime/timely/communication/fabric.ts";
import type { RemotePort, RemoteReceiver } from "../../../../runtime/timely/communication/remote.ts";
import { createRings, openBridge, openRings } from "../../../../runtime/timely/communication/rings/index.ts";
import { openMeshFabric } from "../../../../runtime/timely/communication/websocket/index.ts";
import { fabricContract } from "../fabric-contract.ts";
import { createStation, pause, until } from "../station.ts";
import { startAll } from "./processes.ts";

/** Lets the test fail what the mesh has handed the port to. */
function breakable(port: RemotePort, receivers: RemoteReceiver[]): RemotePort {
  return {
    ...port,
    attach(receiver) {
      receivers.push(receiver);
      port.attach(receiver);
    },
  };
}

fabricContract({
  name: "a mesh of processes",
  smallWindow: 10_000,
  async make(peers, options) {
    const { meshes, close } = await startAll(peers);
    const receivers: RemoteReceiver[] = [];
    return {
      fabrics: meshes.map((mesh) => openMeshFabric(breakable(mesh.enter(1, { processes: peers, threads: 1 }), receivers), options)),
      fail: (error) => receivers.forEach((receiver) => receiver.fail(error)),
      close,
    };
  },
});

fabricContract({
  name: "a mesh of processes whose worker is a thread behind a bridge",
  smallWindow: 10_000,
  async make(peers, options) {
    const { meshes, close } = await startAll(peers);
    const receivers: RemoteReceiver[] = [];
    const members = meshes.map((mesh) => {
      const rings = createRings({ workers: 1, process: mesh.process, processes: peers, capacity: 4096, ...options });
      const bridge =
        peers > 1 ? openBridge(rings, breakable(mesh.enter(1, { processes: peers, threads: 1 }), receivers)) : undefined;
      return { bridge, fabric: openRings(rings, 0) };
    });
    return {
      fabrics: members.map(({ fabric }) => fabric),
      fail: (error) => receivers.forEach((receiver) => receiver.fail(error)),
      async close() {
        for (const { fabric, bridge } of members) {
          fabric.close();
          bridge?.close();
        }
        await close();
      },
    };
  },
});

test("threads of two processes reach each other, the other process's and their own", async () => {
  const { meshes, close } = await startAll(2);
  const topology = { processes: 2, threads: 2 };
  const groups = meshes.map((mesh) => {
    const rings = createRings({ workers: 2, process: mesh.process, processes: 2, capacity: 1024, window: 50_000 });
    return {
      bridge: openBridge(rings, mesh.enter(1, topology)),
      stations: [0, 1].map((thread) => createStation(openRings(rings, thread))),
    };
  });
  const all = groups.flatMap(({ stations }) => stations);
  try {
    const rounds = 200;
    for (let round = 0; round < rounds; round++) {
      for (const { fabric } of all) {
        for (let target = 0; target < 4; target++) {
          fabric.send(target, {
            kind: "data",
            dataflow: 0,
            channel: target,
            time: round,
            records: Array.from({ length: (round * 13) % 400 }, (_, i) => i),
          });
        }
        fabric.broadcast({ kind: "progress", dataflow: 0, changes: [round] });
        fabric.flush();
      }
    }
    await until(() => all.every(({ inbox }) => inbox.length >= rounds * 8), "all has arrived");
    await pause(20);
    for (const { inbox, fabric } of all) {
      for (let from = 0; from < 4; from++) {
        const got = inbox.filter((one) => one.from === from).map(({ message }) => message);
        expect(got.filter(({ kind }) => kind === "data").map((message) => (message as DataMessage).time)).toEqual(
          Array.from({ length: rounds }, (_, i) => i),
        );
        expect(got.every((message) => message.kind === "progress" || message.channel === fabric.index)).toBe(true);
        expect(got.map(({ kind }) => kind)).toEqual(Array.from({ length: rounds }, () => ["data", "progress"]).flat());
      }
    }
    await until(() => all.every(({ fabric }) => fabric.outstanding() === 0), "all credit is back");
  } finally {
    for (const { fabric } of all) fabric.close();
    for (const { bridge } of groups) bridge.close();
    await close();
  }
});
