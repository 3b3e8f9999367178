/**
 * The fabric of a process whose only worker runs on the main thread: messages go straight into the links' packets and come
 * straight out of them. They are decoded when the worker receives them, within its step.
 */
import { asWeirError, invariant } from "../../../errors/index.ts";
import { decodeMessage, viewMessage } from "../codec/index.ts";
import type { Fabric, Message } from "../fabric.ts";
import { createQueue } from "../queue.ts";
import type { RemotePort } from "../remote.ts";
import { weigh } from "../weigh.ts";

export interface MeshFabricOptions {
  /** Bytes outstanding at one receiver before sources pause. Default 8 MiB. */
  readonly window?: number | undefined;
}

/** The fabric of this process's worker in the execution that `port` belongs to. Closing it leaves the execution. */
export function openMeshFabric(port: RemotePort, options: MeshFabricOptions = {}): Fabric {
  invariant(port.threads === 1, `a process of ${port.threads} workers needs a bridge`);
  const { process: self, processes: peers } = port;
  const { window = 8 << 20 } = options;
  const own = createQueue<{ readonly message: Message; readonly weight: number }>();
  const arrivals = createQueue<{ readonly from: number; readonly bytes: Uint8Array }>();
  const outstanding = new Float64Array(peers);
  const giveBack = new Float64Array(peers);
  let owing = false;
  let total = 0;
  /** `congested` has said yes and nobody was woken since. */
  let reported = false;
  let turning = false;
  const wakes: (() => void)[] = [];
  const failures: ((error: Error) => void)[] = [];
  let failure: Error | undefined;
  let closed = false;

  function ended(): boolean {
    return closed || failure !== undefined;
  }
  function fail(error: Error): void {
    if (ended()) return;
    failure = error;
    own.clear();
    arrivals.clear();
    for (const listener of failures) listener(error);
  }
  function add(peer: number, weight: number): void {
    outstanding[peer] = outstanding[peer]! + weight;
    total += weight;
  }
  function congested(): boolean {
    for (let peer = 0; peer < peers; peer++) if (outstanding[peer]! > window) return true;
    return false;
  }
  function credited(peer: number, bytes: number): void {
    add(peer, -bytes);
    if (!reported || congested()) return;
    reported = false;
    turn();
  }
  /** Wakes the worker in the event loop's next turn, outside of its step. */
  function turn(): void {
    if (turning) return;
    turning = true;
    setImmediate(() => {
      turning = false;
      if (ended()) return;
      if (owing) flush();
      wake();
    });
  }
  function wake(): void {
    for (const one of wakes) one();
  }
  function flush(): void {
    if (owing) {
      owing = false;
      for (let peer = 0; peer < peers; peer++) {
        if (giveBack[peer] === 0) continue;
        port.credit(self, peer, giveBack[peer]!);
        giveBack[peer] = 0;
      }
    }
    port.flush();
  }
  function keep(message: Message): void {
    const weight = message.kind === "data" ? weigh(message.records) : 0;
    add(self, weight);
    own.push({ message, weight });
  }

  port.attach({
    message(from, _target, bytes) {
      if (!ended()) arrivals.push({ from, bytes });
    },
    credit: (from, _target, bytes) => credited(from, bytes),
    arrived() {
      if (!ended() && arrivals.length > 0) wake();
    },
    fail,
  });

  return {
    index: self,
    peers,
    send(target, message) {
      if (ended()) return;
      if (target === self) return keep(message);
      const bytes = viewMessage(message);
      if (message.kind === "data") add(target, bytes.length);
      port.message(self, target, bytes);
    },
    broadcast(message) {
      if (ended()) return;
      keep(message);
      if (peers === 1) return;
      const bytes = viewMessage(message);
      if (message.kind === "data") for (let peer = 0; peer < peers; peer++) if (peer !== self) add(peer, bytes.length);
      port.broadcast(self, bytes);
    },
    receive(deliver) {
      let any = false;
      for (let left = own.length; left > 0 && !ended(); left--) {
        const { message, weight } = own.shift()!;
        any = true;
        deliver(message, self, weight);
      }
      for (let left = arrivals.length; left > 0 && !ended(); left--) {
        const { from, bytes } = arrivals.shift()!;
        let message: Message;
        try {
          message = decodeMessage(bytes);
        } catch (error) {
          fail(asWeirError(error, "WEIR_DECODE", `a message from process ${from}`));
          break;
        }
        any = true;
        deliver(message, from, message.kind === "data" ? bytes.length : 0);
      }
      return any;
    },
    consumed(from, weight) {
      if (weight === 0 || ended()) return;
      if (from === self) return credited(self, weight);
      giveBack[from] = giveBack[from]! + weight;
      if (owing) return;
      owing = true;
      // Should no step follow, the next turn reports it.
      turn();
    },
    flush() {
      if (ended()) return;
      flush();
      if (own.length > 0 || arrivals.length > 0) turn();
    },
    congested() {
      const now = congested();
      if (now) reported = true;
      return now;
    },
    outstanding: () => total,
    onArrival(callback) {
      wakes.push(callback);
      if (own.length > 0 || arrivals.length > 0) turn();
    },
    onFailure(callback) {
      failures.push(callback);
      if (failure !== undefined && !closed) queueMicrotask(() => callback(failure!));
    },
    close() {
      if (closed) return;
      if (failure === undefined) flush();
      closed = true;
      own.clear();
      arrivals.clear();
      port.leave();
    },
  };
}
