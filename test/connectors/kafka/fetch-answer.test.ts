import { expect, test } from "vitest";
import { readFetchAnswer } from "../../../runtime/connectors/kafka/fetch-answer.ts";

interface Given {
  readonly partition: number;
  readonly errorCode?: number;
  readonly highWatermark?: bigint;
  readonly aborted?: readonly (readonly [producer: bigint, first: bigint])[] | null;
  readonly records?: string | null;
}

/** By Kafka's grammar of version 11, written once more. */
function encode(topics: Readonly<Record<string, readonly Given[]>>, throttleMs = 0, errorCode = 0): Buffer {
  const pieces: Buffer[] = [];
  const int = (bytes: 2 | 4, value: number): void => {
    const piece = Buffer.alloc(bytes);
    piece.writeIntBE(value, 0, bytes);
    pieces.push(piece);
  };
  const long = (value: bigint): void => {
    const piece = Buffer.alloc(8);
    piece.writeBigInt64BE(value);
    pieces.push(piece);
  };
  int(4, throttleMs);
  int(2, errorCode);
  int(4, 77);
  int(4, Object.keys(topics).length);
  for (const [name, partitions] of Object.entries(topics)) {
    int(2, Buffer.byteLength(name));
    pieces.push(Buffer.from(name));
    int(4, partitions.length);
    for (const { partition, errorCode: code = 0, highWatermark = 0n, aborted = [], records = "" } of partitions) {
      int(4, partition);
      int(2, code);
      for (const value of [highWatermark, highWatermark - 1n, 2n]) long(value);
      int(4, aborted === null ? -1 : aborted.length);
      for (const pair of aborted ?? []) pair.forEach(long);
      int(4, -1);
      int(4, records === null ? -1 : Buffer.byteLength(records));
      if (records !== null) pieces.push(Buffer.from(records));
    }
  }
  return Buffer.concat(pieces);
}

test("every field of every partition of every topic", () => {
  const answer = readFetchAnswer(
    encode(
      {
        one: [
          {
            partition: 0,
            highWatermark: 2n ** 40n,
            aborted: [
              [9n, 5n],
              [8n, 1n],
            ],
            records: "abc",
          },
          { partition: 3, errorCode: 6, highWatermark: -1n, aborted: null, records: null },
        ],
        zwei: [{ partition: 1, records: "de" }],
      },
      250,
      0,
    ),
  );
  expect(answer).toEqual({
    throttleMs: 250,
    errorCode: 0,
    partitions: [
      {
        topic: "one",
        partition: 0,
        errorCode: 0,
        highWatermark: 2 ** 40,
        lastStableOffset: 2 ** 40 - 1,
        logStart: 2,
        aborted: [
          { producerId: 9, firstOffset: 5 },
          { producerId: 8, firstOffset: 1 },
        ],
        records: Buffer.from("abc"),
      },
      {
        topic: "one",
        partition: 3,
        errorCode: 6,
        highWatermark: -1,
        lastStableOffset: -2,
        logStart: 2,
        aborted: [],
        records: Buffer.alloc(0),
      },
      {
        topic: "zwei",
        partition: 1,
        errorCode: 0,
        highWatermark: 0,
        lastStableOffset: -1,
        logStart: 2,
        aborted: [],
        records: Buffer.from("de"),
      },
    ],
  });
});

test("partitions do not share memory, so that one that is read slowly does not keep the others", () => {
  const { partitions } = readFetchAnswer(
    encode({
      t: [
        { partition: 0, records: "x".repeat(100_000) },
        { partition: 1, records: "y".repeat(100_000) },
      ],
    }),
  );
  expect(partitions[0]!.records.buffer).not.toBe(partitions[1]!.records.buffer);
});

test("an error of the whole answer, with nothing in it", () => {
  expect(readFetchAnswer(encode({}, 0, 29))).toEqual({ throttleMs: 0, errorCode: 29, partitions: [] });
});
