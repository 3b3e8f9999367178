/** What `webSocketSource` is told, checked when the flow is written down. Addresses and credentials never reach a message. */
import { WeirError } from "../../errors/index.ts";
import { checkOptionsObject } from "../../flow/option-checks.ts";
import { show } from "../../flow/show.ts";
import { type Bearer, checkCall, checkHeaders, checkMs, checkWhole } from "../feed/index.ts";

/** Text messages are strings, binary ones bytes. */
export type WebSocketMessage = string | Uint8Array;

export interface WebSocketSourceOptions<T, P = unknown> {
  url: string | URL;
  protocols?: string | readonly string[];
  headers?: Readonly<Record<string, string>>;
  /** Sent as `Authorization: Bearer …`; a function is asked for each connection. Never logged. */
  bearer?: Bearer;
  /** Sent each time that the connection opens. */
  subscribe?: WebSocketMessage | readonly WebSocketMessage[];
  /** The item of a message; undefined = none. Default: the message itself. */
  decode?: (message: WebSocketMessage) => T | undefined;
  /** For servers that replay: what the snapshot stores, and how to go on from there. Without it, messages sent while nobody listens are lost. */
  resume?: WebSocketResume<T, P>;
  /** First pause before a new attempt to connect; each failure in a row doubles it. Default 500. */
  retryMs?: number;
  /** Default 30,000. */
  maxRetryMs?: number;
  /** Without a connection for so long, the flow fails. Default 300,000. */
  giveUpMs?: number;
  /** A ping is sent so often. Default 15,000. */
  pingMs?: number;
  /** Without a message, ping or pong for so long, the connection is taken as lost. Default 45,000. */
  idleTimeoutMs?: number;
  /** Messages that may wait for the flow. Default 10,000. */
  bufferSize?: number;
  /** What happens when that many wait: the socket is not read on (default), or messages are dropped, or the flow fails. */
  whenFull?: "pause" | "drop-oldest" | "drop-newest" | "fail";
  /** Told how many messages `whenFull` has dropped since the last call, once for each batch after which some are missing. */
  onDrop?: (count: number) => void;
  /** Longer messages end the flow. Default 16 MiB. */
  maxMessageBytes?: number;
  /** True: this close of the server's is the end of the input. By default none is, and a new connection is made. */
  endsOn?: (code: number, reason: string) => boolean;
}

export interface WebSocketResume<T, P> {
  /** Where an item is in the server's sequence; undefined = as before. Must survive a round trip, as all state. */
  position: (item: T) => P | undefined;
  /** The address that goes on behind a position. */
  url?: (position: P) => string | URL;
  /** What to send, instead of `subscribe`, to go on behind a position. */
  subscribe?: (position: P) => WebSocketMessage | readonly WebSocketMessage[];
}

export type Settings<T, P> = Required<
  Omit<WebSocketSourceOptions<T, P>, "headers" | "bearer" | "resume" | "onDrop" | "protocols">
> &
  Pick<WebSocketSourceOptions<T, P>, "headers" | "bearer" | "resume" | "onDrop"> & { readonly protocols: readonly string[] };

const name = "webSocketSource";

export function settingsOf<T, P>(options: WebSocketSourceOptions<T, P>): Settings<T, P> {
  checkOptionsObject(name, options);
  checkHeaders(name, options.headers, options.bearer);
  for (const call of ["decode", "onDrop", "endsOn"] as const) checkCall(`${name}: ${call}`, options[call]);
  const { resume, whenFull = "pause" } = options;
  if (resume !== undefined) {
    if (typeof resume !== "object" || resume === null || typeof resume.position !== "function")
      throw new WeirError("WEIR_FLOW_OPTION", `${name}: resume must have a function position`);
    checkCall(`${name}: resume.url`, resume.url);
    checkCall(`${name}: resume.subscribe`, resume.subscribe);
    if (resume.url === undefined && resume.subscribe === undefined)
      throw new WeirError("WEIR_FLOW_OPTION", `${name}: resume must have url or subscribe: how is the server told where to go on?`);
  }
  if (!["pause", "drop-oldest", "drop-newest", "fail"].includes(whenFull))
    throw new WeirError(
      "WEIR_FLOW_OPTION",
      `${name}: whenFull must be "pause", "drop-oldest", "drop-newest" or "fail", not ${show(whenFull)}`,
    );
  messagesOf(options.subscribe);
  return {
    url: addressOf(options.url),
    protocols: protocolsOf(options.protocols),
    headers: options.headers,
    bearer: options.bearer,
    subscribe: options.subscribe ?? [],
    decode: options.decode ?? ((message: WebSocketMessage) => message as T),
    resume,
    retryMs: checkMs(`${name}: retryMs`, options.retryMs ?? 500),
    maxRetryMs: checkMs(`${name}: maxRetryMs`, options.maxRetryMs ?? 30_000),
    giveUpMs: checkMs(`${name}: giveUpMs`, options.giveUpMs ?? 300_000, Infinity),
    pingMs: checkMs(`${name}: pingMs`, options.pingMs ?? 15_000),
    idleTimeoutMs: checkMs(`${name}: idleTimeoutMs`, options.idleTimeoutMs ?? 45_000),
    bufferSize: checkWhole(`${name}: bufferSize`, options.bufferSize ?? 10_000),
    whenFull,
    onDrop: options.onDrop,
    maxMessageBytes: checkWhole(`${name}: maxMessageBytes`, options.maxMessageBytes ?? 16 * 1024 * 1024),
    endsOn: options.endsOn ?? (() => false),
  };
}

function protocolsOf(protocols: unknown): string[] {
  const all: unknown[] = Array.isArray(protocols) ? [...(protocols as unknown[])] : protocols === undefined ? [] : [protocols];
  if (all.every((one) => typeof one === "string" && one !== "")) return all as string[];
  throw new WeirError("WEIR_FLOW_OPTION", `${name}: protocols must be the name of a protocol, or a list of those`);
}

/** Throws WEIR_FLOW_OPTION, without showing what may be a secret. */
export function addressOf(url: unknown): URL {
  try {
    const parsed = new URL(url as string | URL);
    if (["ws:", "wss:"].includes(parsed.protocol) && parsed.username === "" && parsed.password === "") {
      parsed.hash = "";
      return parsed;
    }
  } catch {
    // Said below.
  }
  throw new WeirError(
    "WEIR_FLOW_OPTION",
    `${name}: url must be an address that begins with ws:// or wss://, without user and password; those go into headers or bearer`,
  );
}

export function messagesOf(subscribe: unknown): WebSocketMessage[] {
  const all = Array.isArray(subscribe) ? (subscribe as unknown[]) : subscribe === undefined ? [] : [subscribe];
  for (const message of all)
    if (typeof message !== "string" && !(message instanceof Uint8Array))
      throw new WeirError("WEIR_FLOW_OPTION", `${name}: subscribe must be a text, bytes, or a list of those`);
  return all as WebSocketMessage[];
}
