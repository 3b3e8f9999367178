import { describe, expect, test } from "vitest";
import * as weir from "../../runtime/index.ts";
import * as testing from "../../runtime/testing/index.ts";

/** Values that are wrong for a field of this kind. */
const wrong = {
  call: [5, "text", {}, null],
  number: ["5", NaN, -1, {}, null],
  time: ["noon", NaN, Infinity, {}, null],
  text: [5, {}, [], true],
  filled: [5, {}, true, ""],
  names: [5, "text", [], [5], {}],
  flag: [5, "yes", {}, null],
  object: [5, "text", [], null],
  choice: ["none of them", 5, {}],
  messages: [5, {}, [5], null],
} as const;

interface Row {
  readonly call: (...args: any[]) => unknown;
  /** In front of the options. */
  readonly first: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly fields: Readonly<Record<string, keyof typeof wrong>>;
  /** The options may be left out. */
  readonly optional?: boolean;
  /** Nothing at all may be given. */
  readonly bare?: boolean;
}

const call = (): number => 1;
const source = weir.generatorSource({ parts: 1, make: call });
const runOptions = { workers: "number", epochMs: "number", now: "call", recovery: "object" } as const;
const kafka = { brokers: "localhost:9092", topics: "topic" };
const kafkaFields = {
  brokers: "filled",
  topics: "filled",
  start: "choice",
  until: "choice",
  groupId: "filled",
  isolation: "choice",
  key: "choice",
  value: "choice",
  onOutOfRange: "choice",
  batchSize: "number",
  bufferBytes: "number",
  clientId: "filled",
  tls: "object",
  sasl: "object",
  requestTimeoutMs: "number",
  connectTimeoutMs: "number",
} as const;
const bucketFields = { url: "filled", endpoint: "filled", env: "object", timeoutMs: "number", patienceMs: "number" } as const;
let flows = 0;

const rows: Readonly<Record<string, Row>> = {
  tumbling: {
    call: weir.tumbling,
    first: [],
    options: { lengthMs: 10, alignTo: 0 },
    fields: { lengthMs: "number", alignTo: "time" },
  },
  sliding: {
    call: weir.sliding,
    first: [],
    options: { lengthMs: 10, offsetMs: 5, alignTo: new Date(0) },
    fields: { lengthMs: "number", offsetMs: "number", alignTo: "time" },
  },
  session: { call: weir.session, first: [], options: { gapMs: 10 }, fields: { gapMs: "number" } },
  eventClock: {
    call: weir.eventClock,
    first: [],
    options: { timestamp: call, waitMs: 0 },
    fields: { timestamp: "call", waitMs: "number", now: "call" },
  },
  systemClock: { call: weir.systemClock, first: [], options: { now: call }, fields: { now: "call" }, optional: true, bare: true },
  fileSource: {
    call: weir.fileSource,
    first: ["in.txt"],
    options: {},
    fields: { batchSize: "number", encoding: "choice" },
    optional: true,
  },
  parquetSource: {
    call: weir.parquetSource,
    first: ["in.parquet"],
    options: {},
    fields: { batchSize: "number", columns: "names" },
    optional: true,
  },
  dirSink: { call: weir.dirSink, first: ["out"], options: { parts: 2 }, fields: { parts: "number", suffix: "text" } },
  generatorSource: {
    call: weir.generatorSource,
    first: [],
    options: { parts: 1, make: call },
    fields: { parts: "number", count: "number", ratePerSecond: "number", batchSize: "number", make: "call" },
  },
  pollingSource: {
    call: weir.pollingSource,
    first: [],
    options: { intervalMs: 10, getter: call },
    fields: { intervalMs: "number", alignTo: "time", getter: "call" },
  },
  replay: { call: weir.replay, first: [source], options: { ratePerSecond: 5 }, fields: { ratePerSecond: "number" } },
  objectSource: {
    call: weir.objectSource,
    first: [],
    options: { url: "s3://bucket/prefix", format: "parquet", columns: ["a"] },
    fields: {
      ...bucketFields,
      format: "choice",
      glob: "filled",
      columns: "names",
      batchSize: "number",
      follow: "flag",
      listEveryMs: "number",
      concurrency: "number",
      blockBytes: "number",
      onError: "call",
    },
  },
  objectSink: {
    call: weir.objectSink,
    first: [],
    options: { url: "azure://container/prefix", format: "parquet" },
    fields: {
      ...bucketFields,
      format: "choice",
      partitionBy: "call",
      schema: "object",
      rowGroupSize: "number",
      partBytes: "number",
      bufferBytes: "number",
      maxObjectBytes: "number",
      ifLost: "choice",
    },
  },
  webSocketSource: {
    call: weir.webSocketSource,
    first: [],
    options: { url: "wss://example.org/feed", protocols: ["one"] },
    fields: {
      url: "filled",
      protocols: "messages",
      headers: "object",
      bearer: "messages",
      subscribe: "messages",
      decode: "call",
      resume: "object",
      retryMs: "number",
      maxRetryMs: "number",
      giveUpMs: "number",
      pingMs: "number",
      idleTimeoutMs: "number",
      bufferSize: "number",
      whenFull: "choice",
      onDrop: "call",
      maxMessageBytes: "number",
      endsOn: "call",
    },
  },
  serverSentEventsSource: {
    call: weir.serverSentEventsSource,
    first: [],
    options: { url: new URL("https://example.org/feed") },
    fields: {
      url: "filled",
      headers: "object",
      bearer: "messages",
      decode: "call",
      retryMs: "number",
      maxRetryMs: "number",
      giveUpMs: "number",
      idleTimeoutMs: "number",
      bufferSize: "number",
    },
  },
  kafkaSource: { call: weir.kafkaSource, first: [], options: kafka, fields: kafkaFields },
  kafkaInput: {
    call: (flow, step, options) => weir.kafkaInput(flow === undefined ? flow : new weir.Dataflow(`flow-${flows++}`), step, options),
    first: [true, "in"],
    options: kafka,
    fields: kafkaFields,
  },
  kafkaSink: {
    call: weir.kafkaSink,
    first: [],
    options: { brokers: ["localhost:9092"], topic: "topic" },
    fields: {
      brokers: "filled",
      topic: "filled",
      record: "call",
      guarantee: "choice",
      transactionalIdPrefix: "filled",
      transactionTimeoutMs: "number",
      ifLost: "choice",
      compression: "choice",
      batchBytes: "number",
      lingerMs: "number",
      bufferBytes: "number",
      deliveryTimeoutMs: "number",
      requestTimeoutMs: "number",
      clientId: "filled",
      tls: "object",
      sasl: "object",
    },
  },
  postgresSink: {
    call: weir.postgresSink,
    first: [],
    options: { table: "rows", key: ["id"] },
    fields: {
      connectionString: "filled",
      connection: "object",
      table: "filled",
      schema: "filled",
      key: "names",
      columns: "names",
      row: "call",
      deletes: "call",
      guarantee: "choice",
      id: "filled",
      stagingSchema: "filled",
      batchSize: "number",
      poolSize: "number",
      timeoutMs: "number",
      retryForMs: "number",
    },
  },
  testSource: {
    call: testing.testSource,
    first: [[1]],
    options: { batchSize: 2 },
    fields: { batchSize: "number" },
    optional: true,
  },
  runMain: { call: testing.runMain, first: [runnable()], options: { workers: 1 }, fields: runOptions, optional: true },
  runCluster: {
    call: testing.runCluster,
    // Nobody gets as far as starting it.
    first: ["no/such/flow.ts"],
    options: {},
    fields: { ...runOptions, processes: "number" },
  },
};
/** Functions and classes that take no options. */
const plain = {
  weir: [
    "Dataflow",
    "Stream",
    "KeyedStream",
    "WeirError",
    "isWeirError",
    "describe",
    "RetryAfter",
    "stdoutSink",
    "fileSink",
    "lazyBatch",
  ],
  testing: ["PAUSE", "testSink"],
};

function runnable(): weir.Dataflow {
  const flow = new weir.Dataflow("runs");
  flow.input("in", testing.testSource([1])).output("out", testing.testSink([]));
  return flow;
}

async function thrownBy(act: () => unknown): Promise<unknown> {
  try {
    await act();
  } catch (error) {
    return error;
  }
  return undefined;
}
const refusal = (name: string, field = ""): unknown =>
  expect.objectContaining({
    name: "WeirError",
    code: "WEIR_FLOW_OPTION",
    message: expect.stringMatching(new RegExp(`^${name.replace("kafkaInput", "kafka(Input|Source)")}: .*${field}`)),
  });

test("every exported function is in the table, or takes no options", () => {
  const functions = (module: object): string[] =>
    Object.entries(module).flatMap(([name, value]) => (typeof value === "function" ? [name] : []));
  const exported = [...functions(weir), ...functions(testing)];
  expect(exported.toSorted()).toEqual([...Object.keys(rows), ...plain.weir, ...plain.testing].toSorted());
});

describe.each(Object.entries(rows))("%s", (name, { call, first, options, fields, optional = false, bare = false }) => {
  test("says what is wrong when it is given nothing, or no object of options", async () => {
    const nothing = await thrownBy(() => call());
    if (bare) expect(nothing).toBeUndefined();
    else if (name === "runCluster") expect(nothing).toMatchObject({ code: "WEIR_MODULE_NOT_FOUND" });
    else expect(nothing).toEqual(refusal(name));

    for (const given of [null, 5, "text", true, [], call])
      expect(await thrownBy(() => call(...first, given)), String(given)).toEqual(refusal(name, "options"));
    const absent = await thrownBy(() => (name === "runCluster" ? undefined : call(...first)));
    if (optional || name === "runCluster") expect(absent).toBeUndefined();
    else expect(absent).toEqual(refusal(name, "options"));
  });

  test("takes what is right", async () => {
    if (name !== "runCluster") expect(await thrownBy(() => call(...first, options))).toBeUndefined();
  });

  test.each(Object.entries(fields))("names the field %s when it is of a wrong type", async (field, kind) => {
    for (const value of wrong[kind]) {
      const error = await thrownBy(() => call(...first, { ...options, [field]: value }));
      // Some take null for left out.
      if (value === null && error === undefined) continue;
      expect(error, `${field}: ${String(value)}`).toEqual(refusal(name, field));
    }
  });
});

test.each<[string, () => unknown]>([
  ["fileSink", () => weir.fileSink(undefined as never)],
  ["testSink", () => testing.testSink(undefined as never)],
  ["testSource", () => testing.testSource(5 as never)],
  ["describe", () => weir.describe(undefined as never)],
  ["PAUSE", () => new testing.PAUSE(NaN)],
  ["RetryAfter", () => new weir.RetryAfter(-1)],
  ["fileSource", () => weir.fileSource("")],
  ["parquetSource", () => weir.parquetSource("")],
  ["runMain", () => testing.runMain(runnable(), { recovery: { store: 5 as never } })],
  ["runMain", () => testing.runMain(runnable(), { recovery: { store: "file:///tmp/x", allowDroppedState: "yes" as never } })],
])("%s says what is wrong with its arguments", async (name, act) => {
  expect(await thrownBy(act)).toEqual(refusal(name));
});

test("options of a wrong kind are not shown: they may be an address with a password", async () => {
  const secret = "wss://user:secret@example.org";
  const makers: readonly ((options: never) => unknown)[] = [
    weir.webSocketSource,
    weir.serverSentEventsSource,
    weir.objectSource,
    weir.kafkaSource,
    weir.postgresSink,
  ];
  for (const make of makers)
    expect(String(await thrownBy(() => make(secret as never)))).toMatch(/options must be an object, not a string$/);
});
