// What program.ts leaves out of the contract: the parts that users write themselves, and weir/testing. Compiled twice as well.
import type {
  Awaitable,
  Clock,
  ClockLogic,
  Dataflow,
  DynamicSource,
  FlowExport,
  JoinEmit,
  JoinInsert,
  JoinOptions,
  KeyedStream,
  Outcome,
  PartitionedSink,
  PartitionedSource,
  Sink,
  SinkPart,
  Source,
  SourcePart,
  StatefulBatchLogic,
  StatefulLogic,
  TransactionalSink,
  TransactionalSinkPart,
  WindowedStream,
  Windower,
  WindowerLogic,
  WindowMeta,
  WindowOptions,
  WindowOut,
} from "weir";
import { ABORT, EOF, PAUSE, runCluster, runMain, testSink, testSource, type RunOptions } from "weir/testing";

type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
function same<A, B>(_ok: Same<A, B>): void {}
same<Awaitable<number>, number | Promise<number>>(true);
same<JoinInsert, "first" | "last" | "product">(true);
same<JoinEmit, "complete" | "final" | "running">(true);

const outcome: Outcome<string> = { emit: new Set(["a"]), discard: true };
class Counting implements StatefulLogic<number, string, { seen: number }> {
  #seen: number;
  constructor(resume: { seen: number } | undefined) {
    this.#seen = resume?.seen ?? 0;
  }
  onItem(value: number): Outcome<string> | void {
    this.#seen += value;
    if (value > 3) return outcome;
  }
  onNotify(): void {}
  onEof = (): Outcome<string> => ({});
  notifyAt = (): number | undefined => undefined;
  snapshot = () => ({ seen: this.#seen });
}
const batches: StatefulBatchLogic<number, number, number> = { onBatch: (values) => ({ emit: values }), snapshot: () => 1 };
const join: JoinOptions = { insert: "first", emit: "final" };

const clockLogic: ClockLogic<{ at: number }> = {
  beforeBatch() {},
  onItem: ({ at }) => [at, at - 10],
  onNotify: () => 0,
  onEof: () => Infinity,
  toSystem: (timestamp) => (timestamp > 0 ? timestamp : undefined),
  snapshot: () => ({}),
};
const clock: Clock<{ at: number }> = { build: (_resume: unknown) => clockLogic };
const meta: WindowMeta = { openTime: 0, closeTime: 1, mergedIds: [2] };
const windowerLogic: WindowerLogic = {
  openFor: (timestamp, watermark) => [timestamp, watermark],
  lateFor: (timestamp) => [timestamp],
  merged: () => [[1, 0]],
  closeFor: () => [[0, meta]],
  notifyAt: () => undefined,
  isEmpty: () => true,
  snapshot: () => null,
};
const windower: Windower = { build: () => windowerLogic };
const window: WindowOptions<{ at: number }> = { clock, windower, ordered: false };

const part: SourcePart<string, number> = {
  nextBatch: async () => (Math.random() > 2 ? null : new Set(["a"])),
  nextAwake: () => 5,
  snapshot: () => 3,
  lag: async () => 0,
  close: async () => {},
};
const partitioned: PartitionedSource<string, number> = {
  kind: "partitioned",
  listParts: () => new Set(["a"]),
  buildPart: (_part, resume) => ({ ...part, snapshot: () => resume ?? 0 }),
};
const dynamic: DynamicSource<string> = {
  kind: "dynamic",
  build: async (index, count) => ({ nextBatch: () => [`${index}/${count}`] }),
};
const sources: Source<string>[] = [partitioned, dynamic];

const sinkPart: SinkPart<readonly [string, string]> = { writeBatch: (items) => void items.map(([key]) => key.length) };
const transactionalPart: TransactionalSinkPart<readonly [string, string], { id: string }> = {
  ...sinkPart,
  prepare: async (epoch) => (epoch > 3 ? { id: "x" } : undefined),
};
const transactional: TransactionalSink<readonly [string, string], { id: string }> = {
  kind: "transactional",
  build: () => transactionalPart,
  commit: async ({ id }) => void id.length,
  abort() {},
};
const truncating: PartitionedSink<string, number> = {
  kind: "partitioned",
  listParts: async () => ["a", "b"],
  partFor: (key) => key.length,
  buildPart: (_part, resume) => ({ writeBatch: (values) => void values.map((value) => value.length), snapshot: () => resume ?? 0 }),
};
const sinks: Sink<readonly [string, string]>[] = [transactional, truncating, { kind: "dynamic", build: () => sinkPart }];

export function build(flow: Dataflow): FlowExport {
  const keyed: KeyedStream<string> = flow.input("in", sources[0]!).keyBy("key", (text) => text);
  const counted = keyed
    .mapValue("length", (text) => text.length)
    .stateful("count", (resume: { seen: number } | undefined) => new Counting(resume));
  same<typeof counted, KeyedStream<string>>(true);
  keyed.mapValue("number", Number).statefulBatch("batches", () => batches);
  keyed.join("join", [counted], join);
  const windowed: WindowedStream<{ at: number }> = keyed
    .mapValue("timed", (text) => ({ at: text.length }))
    .window("window", window);
  const counts: WindowOut<{ at: number }, number> = windowed.count();
  counts.meta.inspect("meta", (_step, [, [id, { mergedIds }]]) => id + mergedIds.length);
  for (const [i, sink] of sinks.entries()) keyed.output(`out ${i}`, sink);
  return (params: Readonly<Record<string, string>>) => (params["x"] === undefined ? flow : Promise.resolve(flow));
}

export async function check(flow: Dataflow): Promise<void> {
  const out: string[] = [];
  flow.input("test", testSource(["a", EOF, "b", ABORT, new PAUSE(5)], { batchSize: 2 })).output("test out", testSink(out));
  const ms: number = new PAUSE(5).ms;
  const options: RunOptions = {
    workers: 2,
    epochMs: ms,
    recovery: { store: "file:///x", partitions: 8, snapshotMs: 0, retain: 2, fromEpoch: 3, allowDroppedState: true },
    now: () => 0,
  };
  const done: void = await runMain(flow, options);
  await runCluster("flow.ts:other", { ...options, processes: 3 });
  return done;
}
