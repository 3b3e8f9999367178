import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import {
  webSocketSource,
  type WebSocketPosition,
  type WebSocketSourceOptions,
} from "../../../runtime/connectors/websocket/index.ts";
import { expectRefused, failure, rest, sumThroughFailures } from "../feed/feeds.ts";
import { type MessageServer, startMessageServer } from "./message-server.ts";

let server: MessageServer | undefined;
afterEach(() => server?.close());
const serve = async (...given: Parameters<typeof startMessageServer>): Promise<string> =>
  (server = await startMessageServer(...given)).url;
const open = <T = string>(url: string, more: Partial<WebSocketSourceOptions<T, number>> = {}, resume?: WebSocketPosition<number>) =>
  webSocketSource<T, number>({ url, retryMs: 1, endsOn: (code) => code === 4_000, ...more }).buildPart("messages", resume);
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test("subscribes on each connection, and gives texts and bytes as they are", async () => {
  const url = await serve((socket, connection) => {
    socket.on("message", (data: Buffer) => {
      if (data.toString() !== "second") return;
      socket.send(`text ${connection}`);
      socket.send(Uint8Array.of(1, 2));
      if (connection === 1) socket.close(1_001);
      else socket.close(4_000, "done");
    });
  });
  const part = await open<string | Uint8Array>(url, { subscribe: ["first", "second"], protocols: "feed.v1" });
  expect(await rest(part)).toEqual(["text 1", Uint8Array.of(1, 2), "text 2", Uint8Array.of(1, 2)]);
  expect(server!.received).toEqual(["first", "second", "first", "second"]);
  expect(server!.requests[0]!.headers["sec-websocket-protocol"]).toBe("feed.v1");
});

test("without resume it goes on with what comes: what was sent in between is lost", async () => {
  let sent = 0;
  const url = await serve((socket, connection) => {
    for (let i = 0; i < 3; i++) socket.send(String(++sent));
    // Nobody listens while these are sent.
    sent += 5;
    socket.close(connection === 2 ? 4_000 : 1_011);
  });
  const part = await open(url);
  expect(await rest(part)).toEqual(["1", "2", "3", "9", "10", "11"]);
  expect(part.snapshot()).toEqual({});
});

test.each([1_000, 1_001, 4_000])("a close with code %i does not end the input by itself", async (code) => {
  const url = await serve((socket, connection) => {
    socket.send(String(connection));
    if (connection === 1) socket.close(code, "goodbye");
  });
  const part = await webSocketSource({ url, retryMs: 1 }).buildPart("messages", undefined);
  expect(await part.nextBatch()).toEqual(["1"]);
  expect(await part.nextBatch()).toEqual(["2"]);
  await part.close!();
});

const replaying =
  (last: number, each: number): Parameters<typeof startMessageServer>[0] =>
  (socket, _connection, request) => {
    const from = Number(new URL(request.url!, "ws://a").searchParams.get("after") ?? 0);
    if (from >= last) return socket.close(4_000);
    for (let n = from + 1; n <= Math.min(last, from + each); n++) socket.send(String(n));
    return socket.close(1_012);
  };
const resume = (url: string) => ({ position: (n: number) => n, url: (after: number) => `${url}?after=${after}` });
const decode = (message: string | Uint8Array) => Number(message);

test("with resume.url each connection goes on behind the last item, and so does the next execution", async () => {
  const url = await serve(replaying(30, 10));
  const part = await open<number>(url, { decode, resume: resume(url) });
  expect(part.snapshot()).toEqual({});
  expect(await rest(part)).toEqual(numbers(1, 30));
  expect(server!.requests.map((request) => request.url)).toEqual(["/feed", "/feed?after=10", "/feed?after=20", "/feed?after=30"]);
  expect(part.snapshot()).toEqual({ position: 30 });
  const again = await open<number>(url, { decode, resume: resume(url) }, { position: 17 });
  expect(await rest(again)).toEqual(numbers(18, 30));
});

test("with resume.subscribe the message says where to go on; the position is that of what was handed on", async () => {
  const url = await serve((socket) => {
    socket.on("message", (data: Buffer) => {
      const { after } = JSON.parse(data.toString()) as { after: number };
      for (let n = after + 1; n <= after + 1_500; n++) socket.send(String(n));
    });
  });
  const part = await open<number>(url, {
    decode,
    subscribe: '{"after":0}',
    resume: { position: (n) => n, subscribe: (after) => JSON.stringify({ after }) },
  });
  const first = [...(await part.nextBatch())!];
  // Others have come by now, and wait.
  await sleep(50);
  expect(await part.lag!()).toBeGreaterThan(0);
  const { position } = part.snapshot();
  expect(position).toBe(first.at(-1));
  await part.close!();
  const again = await open<number>(
    url,
    { decode, resume: { position: (n) => n, subscribe: (after) => JSON.stringify({ after }) } },
    part.snapshot(),
  );
  expect([...(await again.nextBatch())!][0]).toBe(position! + 1);
  expect(server!.received.at(-1)).toBe(`{"after":${position}}`);
  await again.close!();
});

test("cut and refused connections are made again", async () => {
  const url = await serve(
    (socket, connection) => {
      socket.send(String(connection));
      if (connection === 7) setTimeout(() => socket.terminate(), 10);
      else socket.close(4_000);
    },
    (attempt) => [408, 425, 429, 500, 503, 0][attempt - 1],
  );
  expect(await rest(await open(url, { maxRetryMs: 5 }))).toEqual(["7", "8"]);
});

test("a server that is there and silent is left, one that answers pings is not", async () => {
  const silent = await serve((socket, connection) => connection === 2 && socket.close(4_000), undefined, { autoPong: false });
  expect(await rest(await open(silent, { pingMs: 20, idleTimeoutMs: 100 }))).toEqual([]);
  expect(server!.requests).toHaveLength(2);
  await server!.close();
  const quiet = await serve((socket) => void setTimeout(() => socket.close(4_000), 900));
  await rest(await open(quiet, { pingMs: 20, idleTimeoutMs: 400 }));
  expect(server!.requests).toHaveLength(1);
});

test.each([401, 403, 404, 302])("status %i is an error at once", async (status) => {
  const url = await serve(
    () => undefined,
    () => status,
  );
  await expect(rest(await open(`${url}?token=hush`))).rejects.toEqual(
    failure(new RegExp(`/feed: the server answers with status ${status} `)),
  );
  expect(server!.requests).toHaveLength(1);
});

test("a server that cannot be reached for too long is an error that shows no secret", async () => {
  const url = await serve(() => undefined);
  await server!.close();
  const error: Error = await rest(await open(`${url}?token=hush`, { giveUpMs: 50, bearer: "hush" })).then(
    () => expect.unreachable(),
    (thrown: Error) => thrown,
  );
  expect(error).toEqual(failure(/\/feed: no connection for 50 ms; the last attempt failed: .*ECONNREFUSED/));
  expect(`${error.message} ${String(error.cause)}`).not.toContain("hush");
});

test("headers and a fresh token go with each connection", async () => {
  const url = await serve((socket, connection) => socket.close(connection === 2 ? 4_000 : 1_001));
  let token = 0;
  await rest(await open(url, { headers: { "x-team": "weir" }, bearer: () => `t${++token}` }));
  expect(server!.requests.map(({ headers }) => [headers.authorization, headers["x-team"]])).toEqual([
    ["Bearer t1", "weir"],
    ["Bearer t2", "weir"],
  ]);
});

test("a token that cannot be had is a failed attempt", async () => {
  const url = await serve((socket) => socket.close(4_000));
  let asked = 0;
  const bearer = async () => {
    if (++asked < 3) throw new Error("no token today");
    return "t";
  };
  expect(await rest(await open(url, { bearer }))).toEqual([]);
  expect(asked).toBe(3);
  asked = -1_000;
  await expect(rest(await open(url, { bearer, giveUpMs: 30 }))).rejects.toEqual(failure(/the last attempt failed: no token today/));
});

/** Sends numbered messages as long as they are taken, and says how many went out. */
async function flood(count: number, bytes: number, gate?: Promise<void>): Promise<{ url: string; sent: () => number }> {
  let sent = 0;
  const padding = "x".repeat(bytes);
  const url = await serve((socket) => {
    const more = (): void => {
      if (sent === count) return socket.close(4_000);
      socket.send(`${sent++} ${padding}`, (error) => {
        if (error !== undefined && error !== null) return;
        if (sent === 1 && gate !== undefined) void gate.then(more);
        else more();
      });
    };
    more();
  });
  return { url, sent: () => sent };
}
const numberOf = (message: string | Uint8Array) => Number.parseInt(message as string, 10);

test("when the buffer is full the server has to wait, and nothing is lost", async () => {
  const { url, sent } = await flood(3_000, 20_000);
  const part = await open<number>(url, { decode: numberOf, bufferSize: 50, pingMs: 20, idleTimeoutMs: 150 });
  const first = [...(await part.nextBatch())!];
  await sleep(400);
  const before = sent();
  await sleep(200);
  expect(sent()).toBe(before);
  expect(before).toBeLessThan(2_000);
  // Paused for longer than the idle timeout: that is no silence.
  expect([...first, ...(await rest(part))]).toEqual(numbers(0, 2_999));
  expect(server!.requests).toHaveLength(1);
});

test.each([
  ["drop-oldest", 450, 499],
  ["drop-newest", 1, 50],
] as const)("%s keeps so many, and tells how many are missing", async (whenFull, from, to) => {
  const gate = Promise.withResolvers<void>();
  const { url, sent } = await flood(500, 10, gate.promise);
  let dropped = 0;
  const part = await open<number>(url, { decode: numberOf, bufferSize: 50, whenFull, onDrop: (count) => (dropped += count) });
  expect([...(await part.nextBatch())!]).toEqual([0]);
  gate.resolve();
  while (sent() < 500) await sleep(5);
  await sleep(100);
  expect(await rest(part)).toEqual(numbers(from, to));
  expect(dropped).toBe(449);
});

test("fail ends the flow instead", async () => {
  const { url } = await flood(500, 10);
  const part = await open<number>(url, { decode: numberOf, bufferSize: 5, whenFull: "fail" });
  await part.nextBatch();
  await sleep(50);
  await expect(rest(part)).rejects.toEqual(failure(/5 messages wait for the flow/));
});

test("a message that is too long, and what decode throws, end the flow", async () => {
  const url = await serve((socket) => socket.send("x".repeat(2_000)));
  await expect(rest(await open(url, { maxMessageBytes: 1_000 }))).rejects.toEqual(failure(/longer than 1000 bytes/));
  const mine = new Error("mine");
  const decodes = () => {
    throw mine;
  };
  await expect(rest(await open(url, { decode: decodes }))).rejects.toBe(mine);
});

test("in a flow with recovery, a server that replays makes state exact whatever fails", async () => {
  const url = await serve(replaying(60, 7));
  const source = () =>
    webSocketSource<number, number>({ url, retryMs: 1, decode, resume: resume(url), endsOn: (code) => code === 4_000 });
  expect(await sumThroughFailures(source)).toBe((60 * 61) / 2);
});

test("options that make no sense are refused, without showing secrets", () => {
  const refused = (options: object): void => expectRefused(() => webSocketSource({ url: "ws://a", ...options }));
  for (const url of ["http://a", "nowhere", "ws://me:hush@a", 7]) refused({ url });
  for (const pingMs of [0, -1, NaN, Infinity]) refused({ pingMs });
  refused({ bufferSize: 1.5 });
  refused({ whenFull: "explode" });
  refused({ subscribe: { hush: 1 } });
  refused({ resume: {} });
  refused({ resume: { position: () => 1 } });
  refused({ resume: { position: () => 1, url: "ws://hush" } });
  refused({ bearer: 7 });
});
