/**
 * The connection to a server of events, made again and again: with the last id that was received, after the pause that the server
 * asks for, until it says that there is no more. Events go into a mailbox; while that is full the body is not read.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { WeirError } from "../../errors/index.ts";
import { show } from "../../flow/show.ts";
import { type Bearer, headersFor, type Mailbox, placeOf } from "../feed/index.ts";
import { createEventParser, type ServerSentEvent } from "./event-parser.ts";

/** The position of the part. */
export interface ServerSentEventsPosition {
  readonly lastEventId: string;
  /** What the server said last by `retry`. */
  readonly retryMs?: number;
}
export interface Received {
  /** undefined: only the position moves. */
  readonly event: ServerSentEvent | undefined;
  readonly position: ServerSentEventsPosition;
}
export interface FollowOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly bearer: Bearer | undefined;
  readonly retryMs: number;
  readonly maxRetryMs: number;
  readonly giveUpMs: number;
  readonly idleTimeoutMs: number;
}

/** In characters. */
export const largestEvent: number = 16 * 1024 * 1024;
/** Statuses of servers that may do better a little later. */
const passing = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Connects until the server ends it (204), or it is stopped. Throws what a new attempt would not mend. */
export async function follow(
  settings: FollowOptions,
  resume: ServerSentEventsPosition,
  mailbox: Mailbox<Received>,
  stop: AbortSignal,
): Promise<void> {
  const place = placeOf(settings.url);
  let { lastEventId, retryMs = settings.retryMs } = resume;
  let told = resume.retryMs;
  let failures = 0;
  let failingSince: number | undefined;
  while (!stop.aborted) {
    let trouble: unknown;
    try {
      const response = await open(settings, lastEventId, place, stop);
      if (response === undefined) return;
      failures = 0;
      failingSince = undefined;
      const parser = createEventParser(
        {
          onEvent(event, id) {
            lastEventId = id;
            mailbox.put(
              { event, position: told === undefined ? { lastEventId } : { lastEventId, retryMs: told } },
              event?.data.length ?? 0,
            );
          },
          onRetry(ms) {
            told = retryMs = Math.min(ms, 2 ** 31 - 1);
          },
        },
        lastEventId,
        largestEvent,
      );
      await drain(response.body, settings.idleTimeoutMs, mailbox, parser.push);
    } catch (error) {
      if (stop.aborted) return;
      if (error instanceof Lasting) throw error.error;
      if (error instanceof RangeError)
        throw new WeirError("WEIR_SOURCE_FAILED", `Cannot read events of ${place}: ${error.message}`);
      trouble = error;
      failures++;
      failingSince ??= performance.now();
    }
    if (trouble !== undefined && performance.now() - failingSince! >= settings.giveUpMs)
      throw new WeirError(
        "WEIR_SOURCE_FAILED",
        `Cannot read events of ${place}: no connection for ${settings.giveUpMs} ms; the last attempt: ${reasonOf(trouble)}`,
        { cause: trouble },
      );
    // The server's own pause is the least. Chance keeps clients of a server that went away from coming back together.
    const whole = Math.max(retryMs, Math.min(settings.maxRetryMs, retryMs * 2 ** Math.min(Math.max(failures - 1, 0), 20)));
    await sleep(Math.max(asked(trouble), whole * (failures > 1 ? 1 + Math.random() / 4 : 1)), undefined, { signal: stop }).catch(
      () => undefined,
    );
  }
}

/** What another attempt would not change. */
class Lasting {
  readonly error: WeirError;
  constructor(message: string, cause?: unknown) {
    this.error = new WeirError("WEIR_SOURCE_FAILED", message, cause === undefined ? {} : { cause });
  }
}
/** A server that asks for patience. */
class Refused extends Error {
  readonly afterMs: number;
  constructor(message: string, afterMs: number) {
    super(message);
    this.afterMs = afterMs;
  }
}
const asked = (trouble: unknown): number => (trouble instanceof Refused ? trouble.afterMs : 0);

/** undefined: the server says that there is no more (204). */
async function open(settings: FollowOptions, lastEventId: string, place: string, stop: AbortSignal): Promise<Response | undefined> {
  const headers: Record<string, string> = {
    accept: "text/event-stream",
    "cache-control": "no-store",
    ...(await headersFor(settings.headers, settings.bearer)),
    // As UTF-8, whatever it consists of.
    ...(lastEventId === "" ? {} : { "last-event-id": Buffer.from(lastEventId, "utf8").toString("latin1") }),
  };
  const response = await answerWithin(settings.idleTimeoutMs, stop, (signal) =>
    fetch(settings.url, { headers, signal, cache: "no-store" }),
  );
  const { status } = response;
  if (status === 200) {
    const type = response.headers.get("content-type") ?? "";
    if (/^text\/event-stream\s*(;|$)/i.test(type)) return response;
    await response.body?.cancel();
    throw new Lasting(
      `Cannot read events of ${place}: the server answers with ${type === "" ? "no content type" : show(type)} instead of text/event-stream`,
    );
  }
  await response.body?.cancel();
  if (status === 204) return undefined;
  const message = `the server answers with status ${status}${response.statusText === "" ? "" : ` (${response.statusText})`}`;
  if (!passing.has(status)) throw new Lasting(`Cannot read events of ${place}: ${message}`);
  const seconds = Number(response.headers.get("retry-after") ?? 0);
  throw new Refused(message, seconds > 0 && seconds < 3_600 ? seconds * 1_000 : 0);
}

/** The signal goes on to stop the body after the answer has begun; only until then time counts. */
async function answerWithin(ms: number, stop: AbortSignal, ask: (signal: AbortSignal) => Promise<Response>): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error(`there was no answer for ${ms} ms`)), ms);
  try {
    return await ask(AbortSignal.any([stop, late.signal]));
  } finally {
    clearTimeout(timer);
  }
}

/** Reads a body to its end, pausing while the mailbox is full. Throws when nothing comes for too long. */
async function drain(
  body: ReadableStream<Uint8Array> | null,
  idleTimeoutMs: number,
  mailbox: Mailbox<Received>,
  push: (bytes: Uint8Array) => void,
): Promise<void> {
  if (body === null) return;
  const reader = body.getReader();
  let idle: NodeJS.Timeout | undefined;
  try {
    for (;;) {
      if (mailbox.full) await new Promise<void>((resolve) => (mailbox.onRoom = resolve));
      const late = new Promise<never>((_, reject) => {
        idle = setTimeout(() => reject(new Error(`nothing came for ${idleTimeoutMs} ms`)), idleTimeoutMs);
        idle.unref();
      });
      const read = reader.read();
      const { done, value } = await Promise.race([read, late]);
      clearTimeout(idle);
      if (done) return;
      push(value);
    }
  } finally {
    clearTimeout(idle);
    reader.cancel().catch(() => undefined);
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== "" ? `${error.message}: ${error.cause.message}` : error.message;
}
