import { afterEach, expect, test } from "vitest";
import {
  serverSentEventsSource,
  type ServerSentEventsOptions,
  type ServerSentEventsPosition,
} from "../../../runtime/connectors/sse/index.ts";
import { expectRefused, failure, rest, sumThroughFailures } from "../feed/feeds.ts";
import { type Answer, counting, type EventServer, startEventServer, stream } from "./event-server.ts";

let server: EventServer | undefined;
afterEach(() => server?.close());
const serve = async (answer: Answer): Promise<string> => (server = await startEventServer(answer)).url;
const open = (url: string, more: Partial<ServerSentEventsOptions<string>> = {}, resume?: ServerSentEventsPosition) =>
  serverSentEventsSource<string>({ url, decode: ({ data }) => data, retryMs: 1, ...more }).buildPart("events", resume);
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => String(from + i));

test("reads on behind the last id on each reconnection, and ends at 204", async () => {
  const part = await open(await serve(counting(25, 10)));
  expect(await rest(part)).toEqual(numbers(1, 25));
  expect(server!.requests.map((headers) => headers["last-event-id"])).toEqual([undefined, "10", "20", "25"]);
  expect(server!.requests[0]).toMatchObject({ accept: "text/event-stream", "cache-control": "no-store" });
  expect(part.snapshot()).toEqual({ lastEventId: "25", retryMs: 1 });
});

test("the position is the id of the last event handed on, not of those that wait; a resume sends it", async () => {
  const url = await serve((response) => stream(response, [1, 2, 3].map((id) => `id: ${id}\ndata: ${id}\n\n`).join(""), false));
  const part = await open(url);
  expect(part.snapshot()).toEqual({ lastEventId: "" });
  expect(await part.nextBatch()).toEqual(["1", "2", "3"]);
  expect(part.snapshot()).toEqual({ lastEventId: "3" });
  await part.close!();
  const again = await open(url, {}, { lastEventId: "2 ☃", retryMs: 5 });
  await again.nextBatch();
  await again.close!();
  expect(Buffer.from(server!.requests[1]!["last-event-id"] as string, "latin1").toString()).toBe("2 ☃");
});

test("the server's retry is the pause, and it is kept in the position", async () => {
  const url = await serve((response, request) =>
    request === 3 ? void response.writeHead(204).end() : stream(response, `retry: 150\nid: ${request}\ndata: ${request}\n\n`),
  );
  const part = await open(url);
  expect(await rest(part)).toEqual(["1", "2"]);
  const { times } = server!;
  for (const i of [1, 2]) expect(times[i]! - times[i - 1]!).toBeGreaterThan(140);
  expect(part.snapshot()).toEqual({ lastEventId: "2", retryMs: 150 });
});

test("connections that are cut, refused for now or silent are made again", async () => {
  const refused = [408, 425, 429, 500, 502, 503, 504];
  const url = await serve((response, request) => {
    if (request === 1) return void response.destroy();
    if (request <= refused.length + 1) return void response.writeHead(refused[request - 2]!, { "retry-after": "0" }).end();
    if (request === refused.length + 2) {
      stream(response, "id: 1\ndata: 1\n\ndata: ha", false);
      setTimeout(() => response.destroy(), 20);
    } else if (request === refused.length + 3) stream(response, "id: 2\ndata: 2\n\n", false);
    else response.writeHead(204).end();
  });
  expect(await rest(await open(url, { idleTimeoutMs: 100, maxRetryMs: 5 }))).toEqual(["1", "2"]);
  expect(server!.requests).toHaveLength(refused.length + 4);
});

test("failures in a row double the pause up to the largest, never below what the server asks for", async () => {
  const url = await serve((response, request) => {
    if (request <= 4) return void response.destroy();
    if (request === 5) return void response.writeHead(429, { "retry-after": "1" }).end();
    return void response.writeHead(204).end();
  });
  await rest(await open(url, { retryMs: 40, maxRetryMs: 100 }));
  const gaps = server!.times.slice(1).map((time, i) => time - server!.times[i]!);
  [40, 80, 100, 100, 1_000].forEach((least, i) => expect(gaps[i]).toBeGreaterThan(least - 5));
  expect(gaps[0]).toBeLessThan(500);
});

test("events without ids of their own come again after a resume, those with ids do not", async () => {
  const url = await serve((response, _request, headers) =>
    headers["last-event-id"] === "1"
      ? stream(response, "data: 1a\n\ndata: 1b\n\nid: 2\ndata: 2\n\n", false)
      : stream(response, "id: 1\ndata: 1\n\ndata: 1a\n\n", false),
  );
  const part = await open(url);
  expect(await part.nextBatch()).toEqual(["1", "1a"]);
  await part.close!();
  const again = await open(url, {}, part.snapshot());
  expect(await again.nextBatch()).toEqual(["1a", "1b", "2"]);
  await again.close!();
});

test("of a server that does not replay, what it sends while nobody listens is lost", async () => {
  let sent = 0;
  const url = await serve((response, request) => {
    if (request === 3) return void response.writeHead(204).end();
    stream(response, Array.from({ length: 3 }, () => `data: ${++sent}\n\n`).join(""));
    // Nobody listens while these are sent.
    sent += 5;
  });
  expect(await rest(await open(url))).toEqual(["1", "2", "3", "9", "10", "11"]);
});

test("what decode throws ends the flow, and so does an event that is too long", async () => {
  const mine = new Error("mine");
  const url = await serve((response, request) =>
    request === 1 ? stream(response, "data: 1\n\n", false) : stream(response, `data: ${"x".repeat(17 * 2 ** 20)}`, false),
  );
  const decode = (): string => {
    throw mine;
  };
  const part = await open(url, { decode });
  await expect(rest(part)).rejects.toBe(mine);
  await part.close!();
  await expect(rest(await open(url))).rejects.toEqual(failure(/Cannot read events of .*\/events: /));
  expect(server!.requests).toHaveLength(2);
});

test("an answer that does not begin, and a token that cannot be had, are failed attempts", async () => {
  const url = await serve((response, request) => request > 1 && response.writeHead(204).end());
  let asked = 0;
  const bearer = async () => {
    if (++asked === 2) throw new Error("no token today");
    return "t";
  };
  expect(await rest(await open(url, { idleTimeoutMs: 80, bearer }))).toEqual([]);
  expect([server!.requests.length, asked]).toEqual([2, 3]);
  asked = 1;
  await expect(rest(await open(url, { giveUpMs: 1e-9, bearer }))).rejects.toEqual(failure(/the last attempt: no token today/));
});

test("comments keep a connection alive", async () => {
  const url = await serve((response) => {
    stream(response, ":\n", false);
    let beats = 0;
    const timer = setInterval(() => {
      response.write(++beats === 10 ? "data: late\n\n" : ":\n");
      if (beats === 10) clearInterval(timer);
    }, 100);
  });
  const part = await open(url, { idleTimeoutMs: 600 });
  expect(await part.nextBatch()).toEqual(["late"]);
  expect(server!.requests).toHaveLength(1);
  await part.close!();
});

test.each([
  [401, "text/event-stream", /status 401 \(Unauthorized\)/],
  [404, "text/plain", /status 404/],
  [200, "text/html; charset=utf-8", /'text\/html; charset=utf-8' instead of text\/event-stream/],
  [200, "text/event-streams", /instead of text\/event-stream/],
])("status %i with %s is an error at once", async (status, type, message) => {
  const url = await serve((response) => response.writeHead(status, { "content-type": type }).end("data: x\n\n"));
  await expect(rest(await open(`${url}?token=hush`))).rejects.toEqual(failure(message));
  expect(server!.requests).toHaveLength(1);
});

test("a server that cannot be reached for too long is an error that shows no secret", async () => {
  const url = await serve(() => undefined);
  await server!.close();
  const error: Error = await rest(await open(`${url}?token=hush`, { giveUpMs: 50, bearer: "hush" })).then(
    () => expect.unreachable(),
    (thrown: Error) => thrown,
  );
  expect(error).toEqual(failure(/http:\/\/127\.0\.0\.1:\d+\/events: no connection for 50 ms; .*ECONNREFUSED/));
  expect(error.message).not.toContain("hush");
});

test("headers and a fresh token go with each request", async () => {
  const url = await serve(counting(2, 1));
  let token = 0;
  await rest(await open(url, { headers: { "x-team": "weir" }, bearer: async () => `t${++token}` }));
  expect(server!.requests.map((headers) => headers.authorization)).toEqual(["Bearer t1", "Bearer t2", "Bearer t3"]);
  expect(server!.requests.every((headers) => headers["x-team"] === "weir")).toBe(true);
});

test("a flow that does not ask keeps the server waiting", async () => {
  const block = `data: ${"x".repeat(10_000)}\n\n`;
  let sent = 0;
  const url = await serve((response) => {
    stream(response, "", false);
    const more = (): void => {
      while (sent < 20_000 && response.write(block)) sent++;
      if (sent < 20_000) response.once("drain", more);
    };
    more();
  });
  const part = await open(url, { bufferSize: 100 });
  await part.nextBatch();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const before = sent;
  await new Promise((resolve) => setTimeout(resolve, 200));
  // What fills the system's own buffers, and no more.
  expect(sent).toBe(before);
  expect(sent).toBeLessThan(5_000);
  expect(await part.lag!()).toBeLessThan(300);
  await part.close!();
});

test("in a flow with recovery, events with ids count once in state whatever fails", async () => {
  const url = await serve(counting(60, 7));
  const source = () => serverSentEventsSource({ url, retryMs: 1, decode: ({ data }) => Number(data) });
  expect(await sumThroughFailures(source)).toBe((60 * 61) / 2);
});

test("options that make no sense are refused, without showing secrets", () => {
  const refused = (options: object): void => expectRefused(() => serverSentEventsSource({ url: "http://a", ...options }));
  for (const url of ["ftp://a", "nowhere", "http://me:hush@a", 7]) refused({ url });
  for (const retryMs of [0, -1, NaN, Infinity, "1"]) refused({ retryMs });
  refused({ idleTimeoutMs: 300_001 });
  refused({ bufferSize: 0 });
  refused({ decode: "hush" });
  refused({ bearer: "" });
  refused({ headers: { authorization: ["hush"] } });
});
