/** A broker for a suite of the source, and what its tests do with it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { Dataflow, isWeirError, type PartitionedSource } from "../../../runtime/index.ts";
import { runMain, type RunOptions, testSink } from "../../../runtime/testing/index.ts";
import { createTopic } from "./admin.ts";
import { type Broker, startBroker } from "./broker.ts";

/** To be called where tests are defined: the broker lives as long as they do. */
export function sourceWorld() {
  let broker: Broker;
  let scratch: string;
  let count = 0;
  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), "weir-kafka-source-"));
    broker = await startBroker({ tls: true });
  }, 60_000);
  afterAll(async () => {
    await broker?.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  const topicOf = async (partitions = 1): Promise<string> => {
    const topic = `topic-${++count}`;
    await createTopic(broker, topic, partitions);
    return topic;
  };
  const texts = (topic: string, from: number, to: number, partitions = 1) =>
    Array.from({ length: to - from }, (_, i) => ({ topic, partition: (from + i) % partitions, value: `v${from + i}` }));
  const store = (): RunOptions["recovery"] => ({ store: `file://${join(scratch, `store-${++count}`)}`, snapshotMs: 50 });
  const collect = async <T>(source: PartitionedSource<T, number>, options: RunOptions = {}): Promise<T[]> => {
    const out: T[] = [];
    const flow = new Dataflow("read");
    flow.input("in", source).output("out", testSink(out));
    await runMain(flow, { epochMs: 20, ...options });
    return out;
  };
  const failure = (run: Promise<unknown>): Promise<unknown> =>
    run.then(
      () => undefined,
      (error: unknown) => error,
    );
  /** Runs a flow that never ends until `enough` says so. */
  const runUntil = async <T>(
    source: PartitionedSource<T, number>,
    enough: (out: readonly T[]) => boolean,
    options: RunOptions = {},
  ) => {
    const out: T[] = [];
    const flow = new Dataflow("read");
    const stop = new Error("enough");
    flow
      .input("in", source)
      .inspect("stop", (_step, item) => {
        out.push(item);
        if (enough(out)) throw stop;
      })
      .output("out", testSink<T>([]));
    const error = await failure(runMain(flow, { epochMs: 20, ...options }));
    if (!isWeirError(error) || error.cause !== stop) throw error;
    return out;
  };
  /** The batches of one part until there are so many records. */
  const take = async <T>(
    part: { nextBatch(): PromiseLike<Iterable<T> | null> | Iterable<T> | null },
    records: number,
  ): Promise<T[]> => {
    const out: T[] = [];
    while (out.length < records) out.push(...((await part.nextBatch()) ?? []));
    return out;
  };

  return {
    get broker() {
      return broker;
    },
    get scratch() {
      return scratch;
    },
    topicOf,
    texts,
    store,
    collect,
    failure,
    runUntil,
    take,
  };
}
