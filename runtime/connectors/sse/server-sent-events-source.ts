/**
 * A stream of server-sent events as a source of one part. Its position is the id of the last event that was handed on: it is kept
 * in the snapshot and sent as `Last-Event-ID`, on each reconnection and on resume, so a server that replays makes it as exact as
 * its ids are. What waits between the connection and the flow is bounded; when it is full the body is not read on.
 */
import { WeirError } from "../../errors/index.ts";
import { checkOptionsObject } from "../../flow/option-checks.ts";
import type { PartitionedSource, SourcePart } from "../../flow/source.ts";
import { type Bearer, checkCall, checkHeaders, checkMs, checkWhole, createMailbox } from "../feed/index.ts";
import type { ServerSentEvent } from "./event-parser.ts";
import { follow, type FollowOptions, largestEvent, type Received, type ServerSentEventsPosition } from "./follow.ts";

export interface ServerSentEventsOptions<T> {
  url: string | URL;
  headers?: Readonly<Record<string, string>>;
  /** Sent as `Authorization: Bearer …`; a function is asked for each connection. Never logged. */
  bearer?: Bearer;
  /** The item of an event; undefined = none. Default: the event itself. */
  decode?: (event: ServerSentEvent) => T | undefined;
  /** Pause before a reconnection until the server says another by `retry`. Default 3,000. */
  retryMs?: number;
  /** Failures in a row double the pause up to this. Default 30,000. */
  maxRetryMs?: number;
  /** Without a connection for so long, the flow fails. Default 300,000. */
  giveUpMs?: number;
  /** Without a byte for so long, the connection is taken as lost; comments count. Default and most 300,000. */
  idleTimeoutMs?: number;
  /** Events that may wait for the flow. Default 10,000. */
  bufferSize?: number;
}

/** Never ends by itself: only the status 204 ends it. Throws WEIR_FLOW_OPTION for an option that makes no sense. */
export function serverSentEventsSource<T = ServerSentEvent>(
  options: ServerSentEventsOptions<T>,
): PartitionedSource<T, ServerSentEventsPosition> {
  const of = "serverSentEventsSource";
  checkOptionsObject(of, options);
  const url = urlOf(of, options.url);
  checkHeaders(of, options.headers, options.bearer);
  checkCall(`${of}: decode`, options.decode);
  const settings = {
    url,
    headers: options.headers,
    bearer: options.bearer,
    decode: options.decode ?? ((event: ServerSentEvent) => event as T),
    retryMs: checkMs(`${of}: retryMs`, options.retryMs ?? 3_000),
    maxRetryMs: checkMs(`${of}: maxRetryMs`, options.maxRetryMs ?? 30_000),
    giveUpMs: checkMs(`${of}: giveUpMs`, options.giveUpMs ?? 300_000, Infinity),
    idleTimeoutMs: checkMs(`${of}: idleTimeoutMs`, options.idleTimeoutMs ?? 300_000, 300_000),
    bufferSize: checkWhole(`${of}: bufferSize`, options.bufferSize ?? 10_000),
  };
  return {
    kind: "partitioned",
    listParts: () => ["events"],
    buildPart: (_part, resume) => listen(settings, resume ?? { lastEventId: "" }),
  };
}

interface Settings<T> extends FollowOptions {
  readonly decode: (event: ServerSentEvent) => T | undefined;
  readonly bufferSize: number;
}

function listen<T>(settings: Settings<T>, resume: ServerSentEventsPosition): SourcePart<T, ServerSentEventsPosition> {
  const mailbox = createMailbox<Received>(settings.bufferSize, largestEvent);
  const stop = new AbortController();
  let position = resume;
  let started = false;
  return {
    async nextBatch() {
      if (!started) {
        started = true;
        follow(settings, resume, mailbox, stop.signal).then(
          () => mailbox.end(),
          (error: unknown) => mailbox.fail(error),
        );
      }
      const entries = await mailbox.take(1_000);
      if (entries === null) return null;
      const items: T[] = [];
      for (const { event } of entries) {
        const item = event === undefined ? undefined : settings.decode(event);
        if (item !== undefined) items.push(item);
      }
      position = entries.at(-1)!.position;
      return items;
    },
    snapshot: () => position,
    lag: () => mailbox.length,
    close() {
      stop.abort();
      mailbox.end();
    },
  };
}

function urlOf(of: string, url: unknown): URL {
  try {
    const parsed = new URL(url as string | URL);
    if (["http:", "https:"].includes(parsed.protocol) && parsed.username === "" && parsed.password === "") return parsed;
  } catch {
    // Said below, without the address: it may hold a secret.
  }
  throw new WeirError(
    "WEIR_FLOW_OPTION",
    `${of}: url must be an address that begins with http:// or https://, without user and password; those go into headers or bearer`,
  );
}
