/**
 * The mesh: one link between every two processes of a flow, kept across executions. Process i dials every j < i, and takes
 * the others' connections.
 *
 *                    ┌ control ──▶ onControl
 *   peer ⇄ link(s) ──┤
 *                    └ frames ───▶ executions ──▶ port ──▶ fabric (one worker) or bridge (threads)
 *
 * A link that breaks resumes without losing or repeating a frame. A peer is lost when it has restarted, refuses connections
 * for `refusedTimeoutMs` or stays away for `peerTimeoutMs`; that ends the execution it takes part in, never the mesh.
 */
import { connect as connectTcp } from "node:net";
import type { Server } from "node:http";
import type { WebSocket } from "ws";
import { asWeirError, invariant, WeirError } from "../../../errors/index.ts";
import type { RemotePort } from "../remote.ts";
import { createAcceptor, listen, type Acceptor, type ListenOptions, type MeshTls } from "./acceptor.ts";
import { createDialer, type Dialer } from "./dialer.ts";
import { createExecutions, type MeshTopology } from "./executions.ts";
import { protocol, refusalOf, topologyRefusal, type Hello, type Refusal, type Welcome } from "./hello.ts";
import { createLink, type Link } from "./link.ts";

export interface MeshOptions {
  /** This process's index. */
  readonly process: number;
  readonly flow: string;
  /** Shared secret of all processes. */
  readonly token: string;
  /** Where process `process` listens: "host:port". Asked for at each attempt. */
  readonly address: (process: number) => string;
  /** Own port; without it, give upgrades of another server to `mesh.upgrade`. */
  readonly listen?: ListenOptions | undefined;
  /** Without it the mesh is plain text, kept to the flow by its token. */
  readonly tls?: MeshTls | undefined;
  /** A peer that was connected and stays away this long is lost. Default 10 s. */
  readonly peerTimeoutMs?: number | undefined;
  /** The same, when its port refuses connections. Default 2 s. */
  readonly refusedTimeoutMs?: number | undefined;
  /** A peer that has not been connected yet may take this long from `enter` on. Default 60 s. */
  readonly startTimeoutMs?: number | undefined;
  /** Interval of signs of life; default 1 s. A connection without any for five of them is given up (and dialled again). */
  readonly heartbeatMs?: number | undefined;
  /** Monotonic milliseconds; default performance.now. */
  readonly now?: (() => number) | undefined;
  /** 0 ≤ x < 1, for jitter; default Math.random. */
  readonly random?: (() => number) | undefined;
}

export interface Mesh {
  readonly process: number;
  /** Where the mesh listens, if it does. */
  readonly port: number | undefined;
  readonly upgrade: Acceptor["upgrade"];
  /** Dials the peers among processes 0 … processes - 1 (those below this one), now and whenever a link breaks. */
  connect(processes: number): void;
  /** Resolves when the links to all of processes 0 … processes - 1 are up. @throws what the signal was aborted with. */
  ready(processes: number, signal?: AbortSignal): Promise<void>;
  connected(process: number): boolean;
  /** Enters an execution (numbers only grow), leaving any other. Cheap: links stay as they are. */
  enter(execution: number, topology: MeshTopology): RemotePort;
  readonly control: {
    /**
     * A JSON value and bytes to another process, in order with the frames to it. What is sent to a process that is lost
     * before it arrives, or that restarts, is gone: `onPeer` tells.
     */
    send(process: number, message: unknown, payload?: Uint8Array): void;
    onMessage(listener: (process: number, message: unknown, payload: Uint8Array | undefined) => void): void;
  };
  /** Link up, link down (it may resume), peer lost (what was on its way to it is gone). */
  onPeer(listener: (process: number, event: "up" | "down" | "lost") => void): void;
  /** A peer has refused us: wrong token, flow, topology or execution. Dialling goes on. */
  onRefused(listener: (process: number, error: WeirError) => void): void;
  /** A peer is in a newer execution than the one that this process is in. */
  onNewerExecution(listener: (process: number, execution: number) => void): void;
  /** Bytes on their way to other processes' memory. */
  queuedBytes(): number;
  close(): Promise<void>;
}

interface Peer {
  readonly link: Link;
  readonly dialer: Dialer | undefined;
  /** Since when its port has refused connections. */
  refusedSince: number | undefined;
  probing: boolean;
}

/** @throws WEIR_PORT_IN_USE */
export async function createMesh(options: MeshOptions): Promise<Mesh> {
  const { process, flow, token } = options;
  const now = options.now ?? (() => performance.now());
  const random = options.random ?? Math.random;
  const { peerTimeoutMs = 10_000, refusedTimeoutMs = 2_000, startTimeoutMs = 60_000, heartbeatMs = 1_000 } = options;
  invariant(token.length > 0, "a mesh without a token");
  const peers = new Map<number, Peer>();
  const executions = createExecutions(process, (other) => peerOf(other).link, now);
  let dialled = 0;
  let closed = false;
  let onControl: ((process: number, message: unknown, payload: Uint8Array | undefined) => void) | undefined;
  const peerListeners = new Set<(process: number, event: "up" | "down" | "lost") => void>();
  let onRefused: ((process: number, error: WeirError) => void) | undefined;
  let onNewer: ((process: number, execution: number) => void) | undefined;

  function peerOf(other: number): Peer {
    let peer = peers.get(other);
    if (peer !== undefined) return peer;
    invariant(Number.isSafeInteger(other) && other >= 0 && other !== process, `process ${process} has no link with ${other}`);
    const link = createLink({
      process: other,
      now,
      receiver: {
        message: (execution, from, target, bytes) => executions.message(other, execution, from, target, bytes),
        credit: (execution, from, target, bytes) => executions.credit(other, execution, from, target, bytes),
        control: (message, payload) => control(other, message, payload),
        enter: (execution, processes, threads) => entered(other, execution, processes, threads),
      },
      arrived: executions.arrived,
      changed: (up) => changed(other, up),
      broken: (error) => lose(other, asWeirError(error, "WEIR_DECODE", `process ${other}`)),
    });
    peer = { link, dialer: other < process ? dialerTo(other) : undefined, refusedSince: undefined, probing: false };
    peers.set(other, peer);
    if (timer === undefined && !closed) {
      ticked = beat = now();
      timer = setInterval(lookAfterPeers, tick);
    }
    return peer;
  }
  function dialerTo(other: number): Dialer {
    return createDialer({
      address: () => options.address(other),
      token,
      tls: options.tls,
      hello: () => helloTo(other),
      random,
      needed: () => !peerOf(other).link.up,
      accepted: (socket, welcome) => welcomed(other, socket, welcome),
      refused: (refusal) => refused(other, refusal),
      failed(code) {
        const peer = peerOf(other);
        if (code === "ECONNREFUSED") peer.refusedSince ??= now();
        else peer.refusedSince = undefined;
        peer.dialer?.retry();
      },
    });
  }
  function helloTo(other: number): Hello {
    const { execution = 0, topology = { processes: 0, threads: 0 } } = executions.current ?? {};
    return { protocol, flow, process, execution, ...topology, ...peerOf(other).link.state() };
  }
  function welcomed(other: number, socket: WebSocket, welcome: Welcome): void {
    const { link } = peerOf(other);
    if (!welcome.resume && !link.untouched()) lose(other, lostError(other, "has restarted"), true);
    link.attach(socket, welcome.link, welcome.received);
  }
  function refused(other: number, refusal: Refusal): void {
    const peer = peerOf(other);
    if (refusal.kind === "leaving") {
      peer.refusedSince ??= now();
      return peer.dialer?.retry();
    }
    peer.refusedSince = undefined;
    const ours = executions.current?.execution ?? 0;
    // One that is ahead has started anew and gone on without us: our execution is over, and the flow is not.
    const error = new WeirError(
      refusal.kind === "execution" ? "WEIR_PEER_LOST" : "WEIR_PEER_REFUSED",
      `process ${other} refuses process ${process} (${refusal.kind}): ${refusal.reason}`,
    );
    if (refusal.kind === "execution" && refusal.execution < ours) {
      // The peer is behind; it was told, and will follow.
      return peer.dialer?.retry();
    }
    if (refusal.kind === "execution") onNewer?.(other, refusal.execution);
    onRefused?.(other, error);
    executions.fail(error, other);
    peer.dialer?.retry();
  }
  /** A hello with the right token: whether to take it up, and how. */
  function admit(hello: Hello): { welcome: Welcome; attach: (socket: WebSocket) => void } | Refusal {
    const own = { ...noLink, protocol, flow, process, ...here() };
    if (closed) return { kind: "leaving", reason: `process ${process} is leaving`, execution: own.execution };
    if (hello.process <= process) return refusalOf(hello, own, false)!;
    const { link } = peerOf(hello.process);
    const state = link.state();
    const resume = hello.link === state.peerLink && hello.peerLink === state.link;
    const refusal = refusalOf(hello, own, resume);
    if (refusal?.kind === "execution" && hello.execution > own.execution) onNewer?.(hello.process, hello.execution);
    // Another link id than the one we know: the process that we knew is gone, even if this one is refused for being ahead.
    // (One that is behind may be a leftover; it takes nobody's place.)
    const newer = refusal === undefined || (refusal.kind === "execution" && hello.execution > own.execution);
    if (!resume && !link.untouched() && newer) lose(hello.process, lostError(hello.process, "has restarted"));
    if (refusal !== undefined) return refusal;
    const welcome = { link: link.state().link, resume, received: resume ? state.received : 0 };
    return { welcome, attach: (socket) => link.attach(socket, hello.link, resume ? hello.received : 0) };
  }
  function here(): { execution: number; processes: number; threads: number } {
    const { execution = 0, topology = { processes: 0, threads: 0 } } = executions.current ?? {};
    return { execution, ...topology };
  }
  function entered(other: number, execution: number, processes: number, threads: number): void {
    const own = here();
    if (execution !== own.execution) return;
    const refusal = topologyRefusal({ ...noLink, protocol, flow, process, ...own }, processes, threads);
    if (refusal !== undefined)
      executions.fail(new WeirError("WEIR_PEER_REFUSED", `process ${other} is in another topology: ${refusal.reason}`));
  }
  function control(other: number, message: unknown, payload: Uint8Array | undefined): void {
    try {
      onControl?.(other, message, payload);
    } catch (error) {
      // The listener's own failure; it must not pass for a broken link.
      queueMicrotask(() => {
        throw error;
      });
    }
  }
  function changed(other: number, up: boolean): void {
    const peer = peerOf(other);
    peer.refusedSince = undefined;
    if (!up && !closed) peer.dialer?.retry();
    for (const listener of peerListeners) listener(other, up ? "up" : "down");
  }
  function lostError(other: number, what: string): WeirError {
    return new WeirError("WEIR_PEER_LOST", `process ${other} ${what}`);
  }
  function lose(other: number, error: WeirError, keepId = false): void {
    const peer = peerOf(other);
    peer.refusedSince = undefined;
    peer.link.reset(keepId);
    executions.forget(other);
    executions.fail(error, other);
    for (const listener of peerListeners) listener(other, "lost");
    if (other < dialled) peer.dialer?.retry();
  }

  const tick = Math.max(10, Math.min(heartbeatMs, refusedTimeoutMs / 4, peerTimeoutMs / 4));
  /** Runs once there is a peer. */
  let timer: NodeJS.Timeout | undefined;
  let ticked = 0;
  let beat = 0;
  function lookAfterPeers(): void {
    const time = now();
    // This process itself was stopped or busy: what the peers have sent meanwhile has not been read yet.
    const late = time - ticked > tick * 2 + 100;
    ticked = time;
    const beats = time - beat >= heartbeatMs;
    if (beats) beat = time;
    for (const [other, peer] of peers) {
      if (late) peer.link.excuse();
      else if (peer.link.up) {
        if (beats) peer.link.heartbeat(time - 5 * heartbeatMs);
      } else checkAbsent(other, peer, time);
    }
  }

  /** Only an execution makes an absent peer a lost one. */
  function checkAbsent(other: number, peer: Peer, time: number): void {
    const { current } = executions;
    if (current === undefined || current.failure !== undefined || other >= current.topology.processes) return;
    if (!peer.link.wasUp) {
      if (time - current.since > startTimeoutMs) lose(other, lostError(other, `has not been reached for ${startTimeoutMs} ms`));
      return;
    }
    if (time - peer.link.downSince > peerTimeoutMs) return lose(other, lostError(other, `has been away for ${peerTimeoutMs} ms`));
    if (peer.refusedSince !== undefined && time - peer.refusedSince > refusedTimeoutMs) {
      return lose(other, lostError(other, `has refused connections for ${refusedTimeoutMs} ms`));
    }
    if (peer.dialer === undefined) probe(other, peer);
  }
  /** Who is dialled cannot dial back, but can find out whether anybody listens there. */
  function probe(other: number, peer: Peer): void {
    if (peer.probing) return;
    const [host, port] = splitAddress(options.address(other));
    if (port === 0) return;
    peer.probing = true;
    const socket = connectTcp({ host, port });
    const done = (refused: boolean): void => {
      peer.probing = false;
      socket.destroy();
      if (peer.link.up || !refused) peer.refusedSince = undefined;
      else peer.refusedSince ??= now();
    };
    socket.setTimeout(1_000, () => done(false));
    socket.on("connect", () => done(false));
    socket.on("error", (error: NodeJS.ErrnoException) => done(error.code === "ECONNREFUSED"));
  }

  const acceptor = createAcceptor({ token, admit });
  const server: Server | undefined = options.listen === undefined ? undefined : await listen(acceptor, options.listen, options.tls);
  const bound = server?.address();

  const mesh: Mesh = {
    process,
    port: typeof bound === "object" && bound !== null ? bound.port : undefined,
    upgrade: acceptor.upgrade,
    connect(processes) {
      dialled = processes;
      for (let other = 0; other < processes; other++) if (other !== process) peerOf(other).dialer?.dial();
    },
    ready(processes, signal) {
      mesh.connect(Math.max(processes, dialled));
      return new Promise((resolve, reject) => {
        const all = (): boolean => {
          for (let other = 0; other < processes; other++) if (other !== process && !peerOf(other).link.up) return false;
          return true;
        };
        const done = (): void => {
          peerListeners.delete(check);
          signal?.removeEventListener("abort", abort);
        };
        const check = (): void => {
          if (!all()) return;
          done();
          resolve();
        };
        const abort = (): void => {
          done();
          reject(signal!.reason as Error);
        };
        peerListeners.add(check);
        if (signal?.aborted === true) return abort();
        signal?.addEventListener("abort", abort);
        check();
      });
    },
    connected: (other) => peers.get(other)?.link.up ?? false,
    enter(execution, topology) {
      const port = executions.enter(execution, topology);
      mesh.connect(Math.max(topology.processes, dialled));
      return port;
    },
    control: {
      send(other, message, payload) {
        if (other === process) return setImmediate(() => control(other, message, payload)) as unknown as void;
        const { link } = peerOf(other);
        link.frames.control(message, payload);
        link.flush();
      },
      onMessage(listener) {
        onControl = listener;
      },
    },
    onPeer: (listener) => void peerListeners.add(listener),
    onRefused: (listener) => void (onRefused = listener),
    onNewerExecution: (listener) => void (onNewer = listener),
    queuedBytes() {
      let bytes = 0;
      for (const { link } of peers.values()) bytes += link.unacknowledged();
      return bytes;
    },
    async close() {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      const links = [...peers.values()].map(({ link, dialer }) => {
        dialer?.close();
        return link.close();
      });
      await Promise.all(links);
      server?.closeAllConnections();
      if (server !== undefined) await new Promise((resolve) => server.close(resolve));
    },
  };
  return mesh;
}

const noLink = { link: 0, peerLink: 0, received: 0 };

function splitAddress(address: string): [host: string, port: number] {
  const colon = address.lastIndexOf(":");
  return [address.slice(0, colon).replace(/^\[|\]$/g, ""), Number(address.slice(colon + 1))];
}
