/**
 * The mesh's executions: at most one is entered at a time. Frames of an older one are dropped; frames of a newer one are
 * held until this process enters it (credit bounds them), so that entering needs no agreement on the moment.
 */
import { invariant, WeirError } from "../../../errors/index.ts";
import type { RemotePort, RemoteReceiver } from "../remote.ts";
import type { Link } from "./link.ts";
import { everyWorker } from "./packet.ts";

export interface MeshTopology {
  readonly processes: number;
  readonly threads: number;
}

export interface Executions {
  /** Number, topology and beginning of the entered execution. */
  readonly current:
    | { readonly execution: number; readonly topology: MeshTopology; readonly since: number; readonly failure: Error | undefined }
    | undefined;
  enter(execution: number, topology: MeshTopology): RemotePort;
  /** Ends the entered execution with an error, if `process` takes part in it (or none is given). */
  fail(error: Error, process?: number): void;
  message(process: number, execution: number, from: number, target: number, bytes: Uint8Array): void;
  credit(process: number, execution: number, from: number, target: number, bytes: number): void;
  arrived(): void;
  /** Forgets what a peer has sent for executions that are still to come. */
  forget(process: number): void;
}

interface Entered {
  readonly execution: number;
  readonly topology: MeshTopology;
  readonly since: number;
  receiver: RemoteReceiver | undefined;
  failure: Error | undefined;
}
type Held = { readonly process: number; readonly give: (entered: Entered) => void };

export function createExecutions(process: number, links: (process: number) => Link, now: () => number): Executions {
  let entered: Entered | undefined;
  /** The newest execution that was ever entered. */
  let newest = 0;
  const held = new Map<number, Held[]>();

  function route(peer: number, execution: number, give: (entered: Entered) => void): void {
    if (entered !== undefined && execution === entered.execution && entered.receiver !== undefined) {
      if (entered.failure === undefined) give(entered);
    } else if (execution > newest || (execution === entered?.execution && entered.failure === undefined)) {
      const waiting = held.get(execution) ?? [];
      waiting.push({ process: peer, give });
      held.set(execution, waiting);
    }
  }
  /** Workers must be of the processes that they are said to be of. */
  function checkWorkers(peer: number, from: number, target: number): void {
    const { processes, threads } = entered!.topology;
    const ours = target === everyWorker || (target >= process * threads && target < (process + 1) * threads);
    const theirs = peer < processes && from >= peer * threads && from < (peer + 1) * threads;
    if (!ours || !theirs) {
      throw new WeirError(
        "WEIR_DECODE",
        `process ${peer} sent a frame from worker ${from} to worker ${target}, which this topology has not`,
      );
    }
  }
  function failWith(error: Error): void {
    if (entered === undefined || entered.failure !== undefined) return;
    entered.failure = error;
    held.delete(entered.execution);
    entered.receiver?.fail(error);
  }

  return {
    get current() {
      return entered;
    },
    enter(execution, topology) {
      invariant(execution > newest, `execution ${execution} is entered after ${newest}`);
      invariant(process < topology.processes, `process ${process} is not one of ${topology.processes}`);
      newest = execution;
      const mine: Entered = { execution, topology, since: now(), receiver: undefined, failure: undefined };
      entered = mine;
      for (const older of held.keys()) if (older < execution) held.delete(older);
      for (let peer = 0; peer < topology.processes; peer++) {
        if (peer === process) continue;
        links(peer).frames.enter(execution, topology.processes, topology.threads);
        links(peer).flush();
      }
      return createPort(mine);
    },
    fail(error, peer) {
      if (entered !== undefined && (peer === undefined || peer < entered.topology.processes)) failWith(error);
    },
    message(peer, execution, from, target, bytes) {
      route(peer, execution, ({ receiver }) => {
        checkWorkers(peer, from, target);
        receiver!.message(from, target === everyWorker ? undefined : target, bytes);
      });
    },
    credit(peer, execution, from, target, bytes) {
      route(peer, execution, ({ receiver }) => {
        checkWorkers(peer, from, target);
        receiver!.credit(from, target, bytes);
      });
    },
    arrived() {
      if (entered?.failure === undefined) entered?.receiver?.arrived();
    },
    forget(peer) {
      for (const [execution, frames] of held) {
        held.set(
          execution,
          frames.filter((frame) => frame.process !== peer),
        );
      }
    },
  };

  function createPort(mine: Entered): RemotePort {
    const { execution, topology } = mine;
    const { threads, processes } = topology;
    const open = (): boolean => entered === mine && mine.failure === undefined;
    const peers = Array.from({ length: processes }, (_, peer) => peer).filter((peer) => peer !== process);
    return {
      process,
      processes,
      threads,
      message(from, target, bytes) {
        if (open()) links(Math.floor(target / threads)).frames.message(execution, from, target, bytes);
      },
      broadcast(from, bytes) {
        if (open()) for (const peer of peers) links(peer).frames.message(execution, from, everyWorker, bytes);
      },
      credit(from, target, bytes) {
        if (open()) links(Math.floor(target / threads)).frames.credit(execution, from, target, bytes);
      },
      flush() {
        for (const peer of peers) links(peer).flush();
      },
      attach(receiver) {
        mine.receiver = receiver;
        if (mine.failure !== undefined) return queueMicrotask(() => receiver.fail(mine.failure!));
        const waiting = held.get(execution) ?? [];
        held.delete(execution);
        for (const { give } of waiting) give(mine);
        if (waiting.length > 0) receiver.arrived();
      },
      leave() {
        if (entered !== mine) return;
        entered = undefined;
        held.delete(execution);
      },
    };
  }
}
