/**
 * Messages of a WebSocket as a source of one part. The protocol has no memory: what the server sends while nobody listens is lost,
 * so it is at most once. Where the server can replay, `resume` names positions: that of the last item handed on is in the snapshot,
 * and each connection goes on behind the last item received.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { WeirError } from "../../errors/index.ts";
import type { PartitionedSource, SourcePart } from "../../flow/source.ts";
import { createMailbox, createPauses, headersFor, type Mailbox, placeOf } from "../feed/index.ts";
import { type Connection, connect, type Ending } from "./connection.ts";
import { addressOf, messagesOf, type Settings, settingsOf, type WebSocketMessage, type WebSocketSourceOptions } from "./options.ts";

/** The position of the part: empty until an item had one. */
export interface WebSocketPosition<P> {
  readonly position?: P;
}

interface Entry<T, P> {
  readonly item: T;
  readonly position: P | undefined;
}

/** Never ends by itself, unless `endsOn` says so. Throws WEIR_FLOW_OPTION for an option that makes no sense. */
export function webSocketSource<T = WebSocketMessage, P = unknown>(
  options: WebSocketSourceOptions<T, P>,
): PartitionedSource<T, WebSocketPosition<P>> {
  const settings = settingsOf(options);
  return {
    kind: "partitioned",
    listParts: () => ["messages"],
    buildPart: (_part, resume) => listen(settings, resume ?? {}),
  };
}

/** Of all that waits, while the socket is not read. */
const mostBytes = 32 * 1024 * 1024;

function listen<T, P>(settings: Settings<T, P>, resume: WebSocketPosition<P>): SourcePart<T, WebSocketPosition<P>> {
  const mailbox = createMailbox<Entry<T, P>>(settings.bufferSize, mostBytes);
  const stop = new AbortController();
  const dropped = { count: 0 };
  let position = resume;
  let started = false;
  return {
    async nextBatch() {
      if (!started) {
        started = true;
        follow(settings, resume.position, mailbox, dropped, stop.signal).then(
          () => mailbox.end(),
          (error: unknown) => mailbox.fail(error),
        );
      }
      const entries = await mailbox.take(1_000);
      if (entries === null) return null;
      if (dropped.count > 0) {
        settings.onDrop?.(dropped.count);
        dropped.count = 0;
      }
      for (const entry of entries) if (entry.position !== undefined) position = { position: entry.position };
      return entries.map(({ item }) => item);
    },
    snapshot: () => position,
    lag: () => mailbox.length,
    close() {
      stop.abort();
      mailbox.end();
    },
  };
}

async function follow<T, P>(
  settings: Settings<T, P>,
  from: P | undefined,
  mailbox: Mailbox<Entry<T, P>>,
  dropped: { count: number },
  stop: AbortSignal,
): Promise<void> {
  const place = placeOf(settings.url);
  const pauses = createPauses({ minMs: settings.retryMs, maxMs: settings.maxRetryMs, giveUpMs: settings.giveUpMs });
  const fail = (why: string, cause?: unknown): never => {
    throw new WeirError("WEIR_SOURCE_FAILED", `Cannot read messages of ${place}: ${why}`, cause === undefined ? {} : { cause });
  };
  /** Behind the last item received, which may still wait in the mailbox. */
  let position = from;
  let connection: Connection | undefined;
  let broken: unknown;
  const receive = (message: WebSocketMessage, bytes: number): void => {
    if (broken !== undefined) return;
    try {
      const item = settings.decode(message);
      if (item === undefined) return;
      const own = settings.resume?.position(item);
      if (mailbox.full && settings.whenFull !== "pause") {
        if (settings.whenFull === "fail")
          fail(`${mailbox.length} messages wait for the flow, and whenFull says that it fails then`);
        dropped.count++;
        if (settings.whenFull === "drop-newest") return;
        mailbox.dropOldest();
      }
      if (own !== undefined) position = own;
      mailbox.put({ item, position: own }, bytes);
      if (mailbox.full && settings.whenFull === "pause") connection?.pause();
    } catch (error) {
      broken = error;
      connection?.close();
    }
  };
  mailbox.onRoom = () => connection?.resume();
  stop.addEventListener("abort", () => connection?.close());

  while (!stop.aborted) {
    const { url, subscribe, resume } = settings;
    const known = position !== undefined && resume !== undefined;
    const attempt = {
      url: known && resume.url !== undefined ? addressOf(resume.url(position!)) : (url as URL),
      protocols: settings.protocols,
      messages: messagesOf(known && resume.subscribe !== undefined ? resume.subscribe(position!) : subscribe),
      pingMs: settings.pingMs,
      idleTimeoutMs: settings.idleTimeoutMs,
      maxMessageBytes: settings.maxMessageBytes,
      onOpen: () => {
        pauses.succeeded();
        if (mailbox.full && settings.whenFull === "pause") connection?.pause();
      },
      onMessage: receive,
    };
    const open = async (headers: Record<string, string>): Promise<Ending> => {
      connection = await connect({ ...attempt, headers });
      if (stop.aborted) connection.close();
      return connection.ended;
    };
    // Whoever gives tokens may be out of reach as well.
    const ending = await headersFor(settings.headers, settings.bearer).then(open, (error: unknown): Ending => {
      return { kind: "failed", error: error instanceof Error ? error : new Error(String(error)) };
    });
    connection = undefined;
    if (stop.aborted) return;
    if (broken !== undefined) throw broken;
    if (ending.kind === "too long")
      fail(`a message is longer than ${settings.maxMessageBytes} bytes (maxMessageBytes)`, ending.error);
    if (ending.kind === "refused" && ending.status < 500 && ![408, 425, 429].includes(ending.status))
      fail(`the server answers with status ${ending.status} instead of a WebSocket`);
    if (ending.kind === "closed" && settings.endsOn(ending.code, ending.reason)) return;
    const pause = pauses.failed();
    if (pause === undefined)
      fail(
        `no connection for ${settings.giveUpMs} ms; the last attempt ${told(ending)}`,
        "error" in ending ? ending.error : undefined,
      );
    await sleep(pause, undefined, { signal: stop }).catch(() => undefined);
  }
}

function told(ending: Ending): string {
  switch (ending.kind) {
    case "closed":
      return `was closed with code ${ending.code}${ending.reason === "" ? "" : ` (${ending.reason})`}`;
    case "refused":
      return `was answered with status ${ending.status}`;
    default:
      return `failed: ${ending.error.message}`;
  }
}
