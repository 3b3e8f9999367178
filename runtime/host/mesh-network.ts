import type { ControlMessage, Network } from "../execution/index.ts";
import type { Driven } from "../execution/drive.ts";
import { WeirError } from "../errors/index.ts";
import { decodeValue, encodeValue } from "../timely/communication/codec/index.ts";
import type { Mesh } from "../timely/communication/websocket/index.ts";

/** The mesh as the network of the execution protocol. Control messages travel in Weir's own encoding: what sinks prepare may be any value. */
export function createMeshNetwork(mesh: Mesh, wake: () => void): Network & Driven {
  const own: ControlMessage[] = [];
  // A peer may be there, and speak, before anybody here listens.
  const known = new Set<number>();
  let early: [from: number, message: ControlMessage][] = [];
  let handler = (from: number, message: ControlMessage): void => void early.push([from, message]);
  let listener: ((process: number, state: "up" | "lost", error?: WeirError) => void) | undefined;
  mesh.control.onMessage((from, _message, payload) => {
    if (payload !== undefined) handler(from, decodeValue(payload) as ControlMessage);
    wake();
  });
  mesh.onPeer((process, event) => {
    if (event === "up") {
      known.add(process);
      listener?.(process, "up");
    } else if (event === "lost") {
      known.delete(process);
      listener?.(process, "lost", new WeirError("WEIR_PEER_LOST", `process ${process} went away`));
    }
    wake();
  });
  return {
    process: mesh.process,
    send(process, message) {
      if (process === mesh.process) {
        own.push(message);
        wake();
      } else mesh.control.send(process, null, encodeValue(message));
    },
    onMessage(next) {
      handler = next;
      const waiting = early;
      early = [];
      for (const [from, message] of waiting) next(from, message);
    },
    onPeer(next) {
      listener = next;
      for (const process of known) next(process, "up");
    },
    connected: (process) => process === mesh.process || mesh.connected(process),
    step() {
      for (let message = own.shift(); message !== undefined; message = own.shift()) handler(mesh.process, message);
      return false;
    },
    nextTime: () => undefined,
  };
}
