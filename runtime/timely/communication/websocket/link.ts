/**
 * A link: the one stream of frames each way between this process and one other, kept whole over any number of connections.
 *
 *   builder ──seal──▶ unacknowledged: packets n+1 … m ──▶ socket ──▶ peer       received: the last packet taken
 *                     (dropped when acknowledged; sent again on the next connection, from where the peer stands)
 *
 * A link has an id, new whenever its state is lost (the process restarts, the peer is declared lost). Two sides resume only
 * if each knows the other's id; otherwise the side that had state resets, and its execution ends.
 * Invariant: a packet is delivered exactly once and in order for as long as both ids stand.
 */
import { randomInt } from "node:crypto";
import type { WebSocket } from "ws";
import { WeirError } from "../../../errors/index.ts";
import { createQueue } from "../queue.ts";
import {
  acknowledgement,
  createPacketBuilder,
  PacketKind,
  packetHead,
  readFrames,
  type FrameReceiver,
  type PacketBuilder,
} from "./packet.ts";

export interface LinkState {
  readonly link: number;
  /** The peer's link id; 0 when unknown. */
  readonly peerLink: number;
  /** Number of the last packet received. */
  readonly received: number;
}

export interface Link {
  readonly process: number;
  state(): LinkState;
  /** Nothing has been exchanged with the peer that we know: to start anew costs nothing. */
  untouched(): boolean;
  /** Where frames are put; `flush` sends them. */
  readonly frames: Omit<PacketBuilder, "seal" | "clear" | "length">;
  flush(): void;
  /** Goes on with a new connection, from packet `peerReceived` + 1. `peerLink` is the peer's id. */
  attach(socket: WebSocket, peerLink: number, peerReceived: number): void;
  /** Forgets everything about the peer and takes a new id. With `keepId` only the peer's part. */
  reset(keepId?: boolean): void;
  readonly up: boolean;
  /** When the last connection broke, or the link was made. */
  readonly downSince: number;
  /** Whether there has been a connection since the last reset. */
  readonly wasUp: boolean;
  /** Sends a sign of life; ends a connection that has shown none since `deadline`. */
  heartbeat(deadline: number): void;
  /** The peer was heard, as far as can be known (this process itself was stopped). */
  excuse(): void;
  /** Bytes put in and not yet acknowledged by the peer's process. */
  unacknowledged(): number;
  /** Resolves when what was put in has gone out and the connection is closed, or after a second. */
  close(): Promise<void>;
}

export interface LinkOptions {
  readonly process: number;
  readonly now: () => number;
  readonly receiver: FrameReceiver;
  /** The frames of one packet have been handed over. */
  readonly arrived: () => void;
  readonly changed: (up: boolean) => void;
  /** The peer has sent what makes no sense; the stream cannot be gone on with. */
  readonly broken: (error: unknown) => void;
}

/** Packets grow to about this size under load. */
const packetBytes = 1 << 20;
/** No more is handed to the socket while this much waits in it. */
const socketBytes = 2 << 20;
/** An acknowledgement goes out at once after this many bytes, otherwise with the next packet or heartbeat. */
const acknowledgeBytes = 256 << 10;
const acknowledgeMilliseconds = 50;
const farewellMilliseconds = 1_000;

export function createLink(options: LinkOptions): Link {
  const { now } = options;
  const builder = createPacketBuilder();
  const unacknowledged = createQueue<{ readonly sequence: number; readonly packet: Buffer }>();
  let unacknowledgedBytes = 0;
  let id = newId();
  let peerLink = 0;
  let sequence = 0;
  let acknowledged = 0;
  let received = 0;
  let socket: WebSocket | undefined;
  let owed = 0;
  let acknowledgeTimer: NodeJS.Timeout | undefined;
  let downSince = now();
  let wasUp = false;
  let heardBytes = 0;
  let heardAt = 0;

  function transmit(packet: Buffer): void {
    socket!.send(packet, sent);
  }
  /** A socket that has drained takes what has gathered meanwhile. */
  function sent(): void {
    if (builder.length > 0) flush();
  }
  function flush(): void {
    if (socket === undefined || builder.length === 0 || socket.bufferedAmount > socketBytes) return;
    const packet = builder.seal(++sequence, received);
    owed = 0;
    unacknowledged.push({ sequence, packet });
    unacknowledgedBytes += packet.length;
    transmit(packet);
  }
  /** Keeps packets from growing without end while there is no connection. */
  function put(act: () => void): void {
    if (builder.length > packetBytes) {
      if (socket !== undefined) flush();
      if (builder.length > packetBytes) {
        const packet = builder.seal(++sequence, received);
        unacknowledged.push({ sequence, packet });
        unacknowledgedBytes += packet.length;
        if (socket !== undefined) transmit(packet);
      }
    }
    act();
  }
  function acknowledgedBy(peer: number): void {
    if (peer > acknowledged) acknowledged = peer;
    for (let first = unacknowledged.peek(); first !== undefined && first.sequence <= peer; first = unacknowledged.peek()) {
      unacknowledgedBytes -= first.packet.length;
      unacknowledged.shift();
    }
  }
  function acknowledge(): void {
    acknowledgeTimer = undefined;
    if (socket === undefined || owed === 0) return;
    owed = 0;
    socket.send(acknowledgement(received));
  }
  function take(packet: Buffer): void {
    if (packet[0] === PacketKind.acknowledge && packet.length === 9) return acknowledgedBy(packet.readDoubleLE(1));
    if (packet[0] !== PacketKind.frames || packet.length < packetHead)
      throw new WeirError("WEIR_DECODE", "a peer sent a packet of unknown kind");
    const number = packet.readDoubleLE(1);
    acknowledgedBy(packet.readDoubleLE(9));
    if (number <= received) return;
    if (number !== received + 1) throw new WeirError("WEIR_DECODE", `a peer sent packet ${number} after ${received}`);
    received = number;
    owed += packet.length;
    if (owed > acknowledgeBytes) acknowledge();
    else acknowledgeTimer ??= setTimeout(acknowledge, acknowledgeMilliseconds);
    readFrames(packet, options.receiver);
    options.arrived();
  }
  function detach(): void {
    const old = socket;
    if (old === undefined) return;
    socket = undefined;
    clearTimeout(acknowledgeTimer);
    acknowledgeTimer = undefined;
    downSince = now();
    old.terminate();
    options.changed(false);
  }
  function reset(keepId = false): void {
    detach();
    builder.clear();
    unacknowledged.clear();
    unacknowledgedBytes = 0;
    if (!keepId) id = newId();
    peerLink = 0;
    sequence = 0;
    acknowledged = 0;
    received = 0;
    wasUp = false;
    downSince = now();
  }

  return {
    process: options.process,
    state: () => ({ link: id, peerLink, received }),
    untouched: () => received === 0 && acknowledged === 0,
    frames: {
      message: (execution, from, target, bytes) => put(() => builder.message(execution, from, target, bytes)),
      credit: (execution, from, target, bytes) => put(() => builder.credit(execution, from, target, bytes)),
      control: (message, payload) => put(() => builder.control(message, payload)),
      enter: (execution, processes, threads) => put(() => builder.enter(execution, processes, threads)),
    },
    flush,
    attach(next, peer, peerReceived) {
      detach();
      socket = next;
      peerLink = peer;
      wasUp = true;
      heardBytes = 0;
      heardAt = now();
      owed = 0;
      next.on("message", (data: Buffer) => {
        if (socket !== next) return;
        try {
          take(data);
        } catch (error) {
          options.broken(error);
        }
      });
      next.on("close", () => {
        if (socket === next) detach();
      });
      next.on("error", () => {
        if (socket === next) detach();
      });
      acknowledgedBy(peerReceived);
      const again: { readonly sequence: number; readonly packet: Buffer }[] = [];
      for (let one = unacknowledged.shift(); one !== undefined; one = unacknowledged.shift()) again.push(one);
      for (const one of again) {
        unacknowledged.push(one);
        transmit(one.packet);
      }
      options.changed(true);
      flush();
    },
    reset,
    get up() {
      return socket !== undefined;
    },
    get downSince() {
      return downSince;
    },
    get wasUp() {
      return wasUp;
    },
    heartbeat(deadline) {
      if (socket === undefined) return;
      const bytes = (socket as unknown as { _socket?: { bytesRead: number } })._socket?.bytesRead ?? 0;
      if (bytes !== heardBytes) {
        heardBytes = bytes;
        heardAt = now();
      } else if (heardAt < deadline) return detach();
      owed = 0;
      socket.send(acknowledgement(received));
    },
    excuse() {
      heardAt = now();
    },
    unacknowledged: () => unacknowledgedBytes + builder.length,
    async close() {
      const last = socket;
      flush();
      socket = undefined;
      clearTimeout(acknowledgeTimer);
      if (last === undefined || last.readyState === last.CLOSED) return;
      const gone = new Promise((resolve) => last.once("close", resolve));
      last.close(1001, "the process is leaving");
      const giveUp = setTimeout(() => last.terminate(), farewellMilliseconds);
      await gone;
      clearTimeout(giveUp);
    },
  };
}

function newId(): number {
  return randomInt(1, 2 ** 47);
}
