import fc from "fast-check";
import { expect, test } from "vitest";
import { createEventParser, type ServerSentEvent } from "../../../runtime/connectors/sse/event-parser.ts";

interface Parsed {
  events: (ServerSentEvent | undefined)[];
  retries: number[];
  lastEventId: string;
}
function parse(pieces: readonly (string | Uint8Array)[], lastEventId = ""): Parsed {
  const parsed: Parsed = { events: [], retries: [], lastEventId };
  const parser = createEventParser(
    {
      onEvent(event, id) {
        parsed.events.push(event);
        parsed.lastEventId = id;
      },
      onRetry: (ms) => parsed.retries.push(ms),
    },
    lastEventId,
  );
  for (const piece of pieces) parser.push(typeof piece === "string" ? Buffer.from(piece) : piece);
  return parsed;
}
const data = (...pieces: string[]) => parse(pieces).events.map((event) => event?.data);

test("fields, comments and blocks as the standard's examples have them", () => {
  expect(parse([": a test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"]).events).toEqual([
    { type: "message", data: "first event", id: "1" },
    { type: "message", data: "second event", id: "" },
    { type: "message", data: " third event", id: "" },
  ]);
  expect(data("data: YHOO\ndata: +2\ndata: 10\n\n")).toEqual(["YHOO\n+2\n10"]);
  expect(data("data\n\ndata\ndata\n\ndata:")).toEqual(["", "\n"]);
  expect(data("data:test\n\ndata: test\n\n")).toEqual(["test", "test"]);
  expect(parse(["event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\n"]).events.map((event) => event!.type)).toEqual([
    "add",
    "remove",
  ]);
});

test("a type holds for one block, an id for all that follow", () => {
  expect(parse(["event: a\n\ndata: x\nid: 7\n\ndata: y\n\n"]).events).toEqual([
    { type: "message", data: "x", id: "7" },
    { type: "message", data: "y", id: "7" },
  ]);
  expect(parse(["data: x\n\n"], "before").events).toEqual([{ type: "message", data: "x", id: "before" }]);
});

test("a block with an id alone moves the last id and is no event", () => {
  expect(parse(["id: 9\n\nid: 9\n\n"])).toEqual({ events: [undefined], retries: [], lastEventId: "9" });
});

test("an id with NUL is ignored, and so are unknown fields and a retry that is not digits", () => {
  const parsed = parse(["id: a\0b\nfoo: bar\nretry: 12x\nretry: -1\nretry: 1500\nData: no\ndata: x\n\n"]);
  expect(parsed).toEqual({ events: [{ type: "message", data: "x", id: "" }], retries: [1500], lastEventId: "" });
});

test("LF, CR and CRLF end lines, mixed and at the ends of pieces", () => {
  expect(data("data: a\r\rdata: b\r\n\r\ndata: c\n\r")).toEqual(["a", "b", "c"]);
  expect(data("data: a\r", "\ndata: b\r", "\n\r", "\n")).toEqual(["a\nb"]);
  expect(data("data: a\r", "\r", "\n", "data: b\n\n")).toEqual(["a", "b"]);
  // CR at the end of a piece ends its line at once: nobody has to wait for what may never come.
  expect(data("data: a\r\r")).toEqual(["a"]);
});

test("one byte order mark is left out, a second is not", () => {
  expect(data("\uFEFFdata: a\n\n")).toEqual(["a"]);
  expect(data("\uFEFF\uFEFFdata: a\n\ndata: b\n\n")).toEqual(["b"]);
});

test("what the stream ends in the middle of is no event", () => {
  expect(data("data: whole\n\ndata: half\n")).toEqual(["whole"]);
});

test("bytes that are no UTF-8 become U+FFFD", () => {
  expect(parse([Uint8Array.of(0x64, 0x61, 0x74, 0x61, 0x3a, 0xff, 0x0a, 0x0a)]).events[0]!.data).toBe("\uFFFD");
});

test("an event without an end is refused in time", () => {
  const parser = createEventParser({ onEvent: () => undefined, onRetry: () => undefined }, "", 100);
  parser.push(Buffer.from(`data: ${"x".repeat(50)}\n`));
  expect(() => parser.push(Buffer.from(`data: ${"x".repeat(50)}\n`))).toThrow(RangeError);
});

test("however the bytes are cut, inside of characters too, the events are the same", () => {
  const line = fc.oneof(
    fc.constantFrom("", "", "data", "id", ":", "event: ping", "retry: 10"),
    fc.string({ unit: "grapheme", maxLength: 12 }).map((text) => `data: ${text}`),
    fc.string({ maxLength: 4 }).map((text) => `id:${text}`),
  );
  const stream = fc.array(fc.tuple(line, fc.constantFrom("\n", "\r", "\r\n")), { maxLength: 20 });
  fc.assert(
    fc.property(stream, fc.boolean(), fc.infiniteStream(fc.integer({ min: 1, max: 5 })), (lines, mark, sizes) => {
      const bytes = Buffer.from(
        `${mark ? "\uFEFF" : ""}${lines.map(([text, end]) => text.replaceAll(/[\r\n]/g, "") + end).join("")}\n\n`,
      );
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < bytes.length;) {
        const size = sizes.next().value as number;
        pieces.push(bytes.subarray(at, at + size));
        at += size;
      }
      expect(parse(pieces)).toEqual(parse([bytes]));
    }),
    { numRuns: 300 },
  );
});
