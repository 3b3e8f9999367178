/** The fetcher over a cluster that is made up: two brokers that answer, fail, or keep one waiting as the test says. */
import * as client from "@platformatic/kafka";
import { afterEach, expect, test, vi } from "vitest";
import type { FetchAnswer, FetchedPartition } from "../../../runtime/connectors/kafka/fetch-answer.ts";
import { createFetcher, type FetchedPart } from "../../../runtime/connectors/kafka/fetcher.ts";
import { createPartBuffer } from "../../../runtime/connectors/kafka/part-buffer.ts";
import type { Cluster } from "../../../runtime/connectors/kafka/cluster.ts";
import { messageMaker } from "../../../runtime/connectors/kafka/source-message.ts";
import { batch } from "./batches.ts";

interface Asked {
  readonly node: number;
  readonly waitMs: number;
  readonly partitions: readonly { partition: number; fetchOffset: bigint; partitionMaxBytes: number }[];
}
type Answerer = (asked: Asked) => Promise<readonly Partial<FetchedPartition>[]>;

const empty: FetchedPartition = {
  topic: "t",
  partition: 0,
  errorCode: 0,
  highWatermark: 0,
  lastStableOffset: 0,
  logStart: 0,
  aborted: [],
  records: Buffer.alloc(0),
};

function world(leaders: number[], answer: Answerer, bufferBytes = 1 << 20) {
  const asked: Asked[] = [];
  const outstanding = new Map<number, number>();
  let most = 0;
  let refreshes = 0;
  let node = 0;
  const createRequest = (waitMs: number, _min: number, _max: number, _iso: number, _s: number, _e: number, topics: never) =>
    ({
      node,
      waitMs,
      partitions: (topics as { partitions: Asked["partitions"] }[]).flatMap(({ partitions }) => partitions),
    }) as never;
  const cluster = {
    kafka: { ...client, fetchV11: { createRequest } },
    leader: (_topic: string, partition: number) => (refreshes > 0 ? leaders[partition] : undefined),
    refresh: async () => void refreshes++,
    async onNode(at: number, request: (connection: never) => Promise<FetchAnswer>) {
      outstanding.set(at, (outstanding.get(at) ?? 0) + 1);
      most = Math.max(most, outstanding.get(at)!);
      node = at;
      const connection = {
        send(
          _api: number,
          _version: number,
          payload: () => Asked,
          _p: unknown,
          _a: unknown,
          _b: unknown,
          done: (error: unknown, answer?: FetchAnswer) => void,
        ) {
          const one = payload();
          asked.push(one);
          const reply = async (): Promise<void> => {
            let partitions;
            try {
              partitions = await answer(one);
            } catch (error) {
              return done(error);
            }
            done(null, { throttleMs: 0, errorCode: 0, partitions: partitions.map((partition) => ({ ...empty, ...partition })) });
          };
          void reply();
        },
      };
      try {
        return await request(connection as never);
      } finally {
        outstanding.set(at, outstanding.get(at)! - 1);
      }
    },
  } as unknown as Cluster;
  const warnings: string[] = [];
  const fetcher = createFetcher({
    cluster: async () => cluster,
    readCommitted: true,
    bufferBytes,
    goneAfterMs: 50,
    log: { info: () => undefined, warn: (_fields, message) => void warnings.push(message) },
  });
  const parts: FetchedPart[] = [];
  const open = (partition: number): FetchedPart => {
    const make = messageMaker("t", partition, { key: "string", value: "string", onBad: "fail" });
    const buffer = createPartBuffer({ from: 0, until: Infinity, readCommitted: true, decompress: (_, block) => block, make });
    const part: FetchedPart = {
      topic: "t",
      partition,
      buffer: buffer as FetchedPart["buffer"],
      logEnd: 0,
      logEndAt: -Infinity,
      wake: () => undefined,
      outOfRange: async () => 0,
      failure: undefined,
    };
    parts.push(part);
    fetcher.add(part);
    return part;
  };
  closing = () => parts.forEach((part) => fetcher.remove(part));
  return { fetcher, open, asked, warnings, most: () => most, refreshes: () => refreshes };
}
let closing: (() => void) | undefined;
afterEach(() => closing?.());

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const network = (): Error => new client.NetworkError("cut");
/** A batch of two at the offset that is asked for, for every partition asked for. */
const two: Answerer = async ({ partitions }) => {
  await pause(2);
  return partitions.map(({ partition, fetchOffset }) => ({
    partition,
    records: batch({ at: Number(fetchOffset), values: [`v${fetchOffset}`, `v${Number(fetchOffset) + 1}`] }),
  }));
};
const valuesOf = (part: FetchedPart): unknown[] => part.buffer.take(1_000).map((record) => (record as { value: unknown }).value);
const inOrder = (values: readonly unknown[]): void => expect(values).toEqual(values.map((_, i) => `v${i}`));

test("while one broker is out of reach, the partitions of the others are read", async () => {
  let down = true;
  const { open, warnings } = world([1, 2], async (asked) => {
    if (asked.node === 2 && down) throw network();
    return two(asked);
  });
  const [near, far] = [open(0), open(1)];
  await vi.waitFor(() => expect(warnings).toHaveLength(1), 5_000);
  const before = near.buffer.fetchAt;
  await vi.waitFor(() => expect(near.buffer.fetchAt).toBeGreaterThan(before + 10));
  expect([far.buffer.fetchAt, far.failure]).toEqual([0, undefined]);
  down = false;
  await vi.waitFor(() => expect(far.buffer.fetchAt).toBeGreaterThan(10), 5_000);
  inOrder(valuesOf(near));
  inOrder(valuesOf(far));
  expect(warnings).toEqual([expect.stringMatching(/out of reach/), expect.stringMatching(/back/)]);
});

test("one request at a time to a broker, for all of its partitions that have room", async () => {
  const { open, asked, most } = world([1, 1, 1], two);
  const parts = [open(0), open(1), open(2)];
  await vi.waitFor(() => expect(parts.map(({ buffer }) => buffer.fetchAt > 20)).toEqual([true, true, true]));
  expect(most()).toBe(1);
  expect(asked.at(-1)!.partitions).toHaveLength(3);
});

test("a partition that is full is left out until it has room; the others are asked for with a short wait", async () => {
  const { open, asked, fetcher } = world([1, 1], two, 1);
  const [full, read] = [open(0), open(1)];
  const reading = setInterval(() => valuesOf(read), 1);
  try {
    await vi.waitFor(() => expect(asked.at(-1)!.partitions.map(({ partition }) => partition)).toEqual([1]), 10_000);
    const held = full.buffer.bytes;
    expect(asked.at(-1)!.waitMs).toBeLessThan(50);
    const at = read.buffer.fetchAt;
    await vi.waitFor(() => expect(read.buffer.fetchAt).toBeGreaterThan(at + 50));
    expect(full.buffer.bytes).toBe(held);
    inOrder(valuesOf(full));
    fetcher.pump();
    await vi.waitFor(() => expect(full.buffer.bytes).toBeGreaterThan(0));
  } finally {
    clearInterval(reading);
  }
});

test("an answer to a question that has become another one is dropped", async () => {
  let release: (() => void) | undefined;
  const { open, fetcher } = world([1], async (asked) => {
    if (release === undefined) await new Promise<void>((resolve) => (release = resolve));
    return two(asked);
  });
  const part = open(0);
  await vi.waitFor(() => expect(release).toBeDefined());
  part.buffer.seek(100);
  release!();
  fetcher.pump();
  await vi.waitFor(() => expect(part.buffer.bytes).toBeGreaterThan(0));
  expect(valuesOf(part)[0]).toBe("v100");
});

test("a partition that is led elsewhere is asked for there, and nothing comes twice", async () => {
  const leaders = [1, 1];
  const { open, asked } = world(leaders, async (one) => {
    if (one.node === 1 && leaders[0] === 2) {
      const answers = await two({ ...one, partitions: one.partitions.filter(({ partition }) => partition === 1) });
      return [...answers, { partition: 0, errorCode: 6 }];
    }
    return two(one);
  });
  const [moved, stayed] = [open(0), open(1)];
  await vi.waitFor(() => expect(moved.buffer.fetchAt).toBeGreaterThan(4));
  leaders[0] = 2;
  await vi.waitFor(() => expect(asked.some(({ node }) => node === 2)).toBe(true), 5_000);
  const at = moved.buffer.fetchAt;
  await vi.waitFor(() => expect(moved.buffer.fetchAt).toBeGreaterThan(at + 4));
  inOrder(valuesOf(moved));
  inOrder(valuesOf(stayed));
});

test("what only people can mend fails the part, by name", async () => {
  const { open } = world([1], async ({ partitions }) => partitions.map(({ partition }) => ({ partition, errorCode: 29 })));
  const part = open(0);
  await vi.waitFor(() => expect(part.failure).toBeDefined());
  expect(part.failure).toMatchObject({
    code: "WEIR_SOURCE_FAILED",
    message: expect.stringMatching(/"t", partition 0.*may not read.*TOPIC_AUTHORIZATION_FAILED/),
  });
});
