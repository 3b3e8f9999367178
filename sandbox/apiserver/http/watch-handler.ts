// A watch over HTTP: a line of JSON per event until the client leaves, the time is up, or a fault is asked for.
// Invariant: a client that does not read is cut off before its events fill the memory.

import { ApiError, expired } from "../errors/status.ts";
import type { JsonObject, KubeObject } from "../json.ts";
import type { FaultGate } from "../faults.ts";
import { startWatch, type Watch, type WatchEvent } from "../registry/watch.ts";
import { tableOf } from "../table/table.ts";
import { partialMetadata } from "../table/partial.ts";
import { wanted, type Call } from "./call.ts";

/** Bytes waiting for a client that does not read. */
const backlogLimit = 64 * 1024 * 1024;
const bookmarkEvery = 30_000;

export function handleWatch(call: Call, faults: FaultGate): void {
  const { context, resource, query, info, response } = call;
  const representation = wanted(call);
  let first = true;
  let ended = false;
  let running: Watch | undefined;
  let early: WatchEvent[] | undefined = [];

  function shaped(event: WatchEvent): WatchEvent {
    if (representation.as === undefined || event.type === "ERROR") return event;
    const object = event.object as KubeObject;
    if (representation.as !== "Table") return { ...event, object: partialMetadata(object, representation.version) };
    const metadata: JsonObject = { resourceVersion: object.metadata.resourceVersion };
    const options = {
      includeObject: query.get("includeObject") ?? "Metadata",
      headers: first,
      now: context.now(),
      metadata,
      version: representation.version,
    };
    first = false;
    return { ...event, object: tableOf(resource, [object], options) };
  }

  function send(event: WatchEvent): void {
    if (early) return void early.push(event);
    if (ended) return;
    response.write(`${JSON.stringify(shaped(event))}\n`);
    if (response.writableLength > backlogLimit) finish(true);
  }

  const cut = (withExpiry: boolean): void => {
    if (withExpiry) send({ type: "ERROR", object: expired("The resourceVersion for the provided watch is too old.").body });
    finish(!withExpiry);
  };

  function finish(abruptly: boolean): void {
    if (ended) return;
    ended = true;
    running?.stop();
    faults.watches.delete(cut);
    clearTimeout(deadline);
    clearInterval(bookmarks);
    if (abruptly) response.destroy();
    else response.end();
  }

  // A request that cannot be met is refused before the stream begins, except for 410, which comes as an event.
  try {
    const name = info.name;
    running = startWatch(context, { resource, namespace: info.namespace, name, query, send, end: () => finish(false) });
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 410) throw error;
    early = [{ type: "ERROR", object: error.body }];
  }
  response.writeHead(200, {
    "content-type": representation.as
      ? `application/json;as=${representation.as};g=meta.k8s.io;v=${representation.version}`
      : "application/json",
    "transfer-encoding": "chunked",
  });
  response.flushHeaders();
  const seconds = Number(query.get("timeoutSeconds") ?? 0) || 1800 + Math.floor(Math.random() * 1800);
  const deadline = setTimeout(() => finish(false), seconds * 1000);
  const bookmarks = setInterval(() => running?.bookmark(), bookmarkEvery);
  deadline.unref();
  bookmarks.unref();
  response.on("close", () => finish(false));
  faults.watches.add(cut);
  const waiting = early;
  early = undefined;
  for (const event of waiting) send(event);
  if (!running) finish(false);
}
