import type { ControlMessage } from "../../runtime/execution/messages.ts";
import type { Network } from "../../runtime/execution/network.ts";
import { WeirError } from "../../runtime/errors/index.ts";
import type { Topology } from "../../runtime/recovery/types.ts";
import type { Fabric, Message } from "../../runtime/timely/communication/fabric.ts";
import type { Random } from "./random.ts";
import type { Schedule } from "./schedule.ts";

/**
 * The mesh of the simulation. Control messages and frames of a pair of processes travel in one FIFO with delays that the seed
 * picks; a crash or a cut loses everything in flight between two processes and is noticed by both sides, each in its time.
 */
export interface SimulatedMesh {
  /** A process starts (again): its end of the network. */
  join(process: number): SimulatedEnd;
  /** The process is gone at once; the others notice later. */
  crash(process: number): void;
  /** The connection between two living processes breaks and comes back. */
  cut(a: number, b: number): void;
}
export interface SimulatedEnd extends Network {
  fabrics(execution: number, topology: Topology): Fabric[];
}

type Packet =
  | { readonly kind: "control"; readonly message: ControlMessage }
  | { readonly kind: "frame"; readonly execution: number; readonly from: number; readonly to: number; readonly message: Message }
  | { readonly kind: "credit"; readonly execution: number; readonly from: number; readonly to: number; readonly weight: number };

interface End {
  readonly process: number;
  alive: boolean;
  handler: (from: number, message: ControlMessage) => void;
  peer: (process: number, state: "up" | "lost", error?: WeirError) => void;
  readonly up: Set<number>;
  readonly waiting: Map<number, Packet[]>;
  readonly workers: Map<number, SimulatedWorker>;
  execution: number;
}
interface SimulatedWorker {
  readonly inbox: { message: Message; from: number; weight: number }[];
  readonly outstanding: number[];
  wake: () => void;
  failed: boolean;
}

const creditWindow = 200;

export function createMesh(random: Random, schedule: Schedule): SimulatedMesh {
  const ends = new Map<number, End>();
  /** Per ordered pair: packets under way, in order; `epoch` of the connection invalidates those of a broken one. */
  const links = new Map<string, { generation: number; last: number }>();
  const linkOf = (a: number, b: number): { generation: number; last: number } => {
    const key = `${a}>${b}`;
    let link = links.get(key);
    if (link === undefined) links.set(key, (link = { generation: 0, last: 0 }));
    return link;
  };

  const deliver = (from: number, end: End, packet: Packet): void => {
    if (packet.kind === "control") return end.handler(from, packet.message);
    const worker = packet.execution === end.execution ? end.workers.get(packet.to) : undefined;
    if (worker === undefined) return;
    if (packet.kind === "credit") worker.outstanding[packet.from]! -= packet.weight;
    else worker.inbox.push({ message: packet.message, from: packet.from, weight: weightOf(packet.message) });
    worker.wake();
  };

  const post = (from: End, to: number, packet: Packet): void => {
    if (!from.alive) return;
    if (to !== from.process && !from.up.has(to)) {
      // Frames of an execution wait for the link; a control message to a peer that is not there is lost.
      if (packet.kind !== "control") from.waiting.set(to, [...(from.waiting.get(to) ?? []), packet]);
      return;
    }
    const link = linkOf(from.process, to);
    const { generation } = link;
    const wait = random.chance(0.1) ? random.integer(40) : random.integer(3);
    link.last = Math.max(link.last, schedule.now() + wait);
    schedule.at(link.last, () => {
      const end = ends.get(to);
      if (end === undefined || !end.alive || generation !== linkOf(from.process, to).generation) return;
      deliver(from.process, end, packet);
    });
  };

  const disconnect = (a: End, b: number): void => {
    if (!a.alive || !a.up.delete(b)) return;
    a.peer(b, "lost", new WeirError("WEIR_PEER_LOST", `process ${b} went away`));
  };
  const connect = (a: number, b: number): void => {
    const [first, second] = [ends.get(a), ends.get(b)];
    if (first === undefined || second === undefined || !first.alive || !second.alive) return;
    // The loss is always seen before the return.
    disconnect(first, b);
    disconnect(second, a);
    linkOf(a, b).generation++;
    linkOf(b, a).generation++;
    first.up.add(b);
    second.up.add(a);
    for (const [end, other] of [
      [first, b],
      [second, a],
    ] as const) {
      const held = end.waiting.get(other) ?? [];
      end.waiting.delete(other);
      for (const packet of held) if (packet.kind === "control" || packet.execution === end.execution) post(end, other, packet);
    }
    first.peer(b, "up");
    second.peer(a, "up");
  };

  return {
    join(process) {
      const end: End = {
        process,
        alive: true,
        handler: () => {},
        peer: () => {},
        up: new Set(),
        waiting: new Map(),
        workers: new Map(),
        execution: -1,
      };
      ends.set(process, end);
      for (const other of ends.keys()) {
        if (other !== process)
          schedule.at(schedule.now() + 1 + random.integer(50), () => ends.get(process) === end && connect(process, other));
      }
      return {
        process,
        send: (to, message) => post(end, to, { kind: "control", message: structuredClone(message) }),
        onMessage: (handler) => (end.handler = handler),
        onPeer: (handler) => (end.peer = handler),
        connected: (other) => other === process || end.up.has(other),
        fabrics(execution, topology) {
          end.execution = execution;
          end.workers.clear();
          const peers = topology.processes * topology.threads;
          return Array.from({ length: topology.threads }, (_, thread) => {
            const index = process * topology.threads + thread;
            const worker: SimulatedWorker = {
              inbox: [],
              outstanding: Array.from({ length: peers }, () => 0),
              wake: () => {},
              failed: false,
            };
            end.workers.set(index, worker);
            return makeFabric(end, worker, index, peers, topology.threads, execution);
          });
        },
      };
    },
    crash(process) {
      const end = ends.get(process);
      if (end === undefined || !end.alive) return;
      end.alive = false;
      for (const other of ends.values()) {
        if (other.process === process) continue;
        linkOf(process, other.process).generation++;
        linkOf(other.process, process).generation++;
        schedule.at(schedule.now() + random.integer(100), () => {
          if (ends.get(process) === end) disconnect(other, process);
        });
      }
    },
    cut(a, b) {
      const [first, second] = [ends.get(a), ends.get(b)];
      if (first === undefined || second === undefined || !first.up.has(b)) return;
      linkOf(a, b).generation++;
      linkOf(b, a).generation++;
      schedule.at(schedule.now() + random.integer(60), () => disconnect(first, b));
      schedule.at(schedule.now() + random.integer(60), () => disconnect(second, a));
      schedule.at(schedule.now() + 80 + random.integer(100), () => connect(a, b));
    },
  };

  function makeFabric(end: End, worker: SimulatedWorker, index: number, peers: number, threads: number, execution: number): Fabric {
    const processOf = (target: number): number => Math.floor(target / threads);
    let closed = false;
    const send = (target: number, message: Message): void => {
      if (closed) return;
      worker.outstanding[target]! += weightOf(message);
      post(end, processOf(target), { kind: "frame", execution, from: index, to: target, message: structuredClone(message) });
    };
    return {
      index,
      peers,
      send,
      broadcast(message) {
        for (let target = 0; target < peers; target++) send(target, message);
      },
      receive(take) {
        if (worker.inbox.length === 0) return false;
        for (const { message, from, weight } of worker.inbox.splice(0)) take(message, from, weight);
        return true;
      },
      consumed: (from, weight) => post(end, processOf(from), { kind: "credit", execution, from: index, to: from, weight }),
      flush() {},
      congested: () => worker.outstanding.some((weight) => weight > creditWindow),
      outstanding: () => worker.outstanding.reduce((sum, weight) => sum + weight, 0),
      onArrival: (wake) => (worker.wake = wake),
      onFailure() {},
      close: () => (closed = true),
    };
  }
}

function weightOf(message: Message): number {
  return message.kind === "data" ? message.records.length : 0;
}
