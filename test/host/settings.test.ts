import { expect, test } from "vitest";
import { memberArguments } from "../../runtime/host/run.ts";
import { readSettings, type RunFlags } from "../../runtime/host/settings.ts";

const read = (flags: RunFlags = {}, env: Record<string, string> = {}) => readSettings("flow.ts", flags, env);
const pod = { WEIR_POD_NAME: "word-count-3", WEIR_SERVICE: "word-count-workers", WEIR_POD_IP: "10.0.0.7", WEIR_TOKEN: "t" };

test("one process, one worker, no servers, unless more is asked for", () => {
  expect(read()).toEqual({
    module: "flow.ts",
    export: "default",
    params: {},
    processes: 1,
    threads: 1,
    epochMs: 200,
    recovery: undefined,
    httpPort: undefined,
    bind: undefined,
    token: undefined,
    keepTopology: false,
    cacheDirectory: undefined,
    member: undefined,
  });
});

test("each flag has a variable, and wins over it; an empty variable is none", () => {
  const flags = { processes: "3", workers: "2", epoch: "50", export: "mine", httpPort: "8081", bind: "::1", recovery: "file:///a" };
  const env = {
    WEIR_PROCESSES: "5",
    WEIR_THREADS: "4",
    WEIR_EPOCH_MS: "70",
    WEIR_EXPORT: "other",
    WEIR_HTTP_PORT: "1",
    WEIR_BIND: "x",
    WEIR_RECOVERY_STORE: "file:///b",
  };
  expect(read(flags, env)).toMatchObject({
    processes: 3,
    threads: 2,
    epochMs: 50,
    export: "mine",
    httpPort: 8081,
    bind: "::1",
    recovery: { store: "file:///a" },
  });
  expect(read({}, env)).toMatchObject({
    processes: 5,
    threads: 4,
    epochMs: 70,
    export: "other",
    httpPort: 1,
    bind: "x",
    recovery: { store: "file:///b" },
  });
  expect(read({}, { ...env, WEIR_RECOVERY_STORE: "", WEIR_EXPORT: "" })).toMatchObject({ export: "default", recovery: undefined });
});

test("recovery: defaults, and everything that the environment says", () => {
  expect(read({ recovery: "file:///a" }).recovery).toEqual({
    store: "file:///a",
    endpoint: undefined,
    snapshotMs: 10_000,
    partitions: undefined,
    retain: 1,
    restore: undefined,
    allowDroppedState: false,
  });
  const env = {
    WEIR_RECOVERY_STORE: "s3://b/p",
    WEIR_RECOVERY_ENDPOINT: "http://s3",
    WEIR_SNAPSHOT_INTERVAL: "0.5",
    WEIR_PARTITIONS: "64",
    WEIR_RETAIN: "3",
    WEIR_ALLOW_DROPPED_STATE: "true",
    WEIR_RESTORE_EPOCH: "12",
    WEIR_RESTORE_STORE: "s3://old/p",
    WEIR_RESTORE_ID: "abc-2",
    WEIR_CACHE_DIR: "/cache",
  };
  expect(read({}, env)).toMatchObject({
    cacheDirectory: "/cache",
    recovery: {
      store: "s3://b/p",
      endpoint: "http://s3",
      snapshotMs: 500,
      partitions: 64,
      retain: 3,
      allowDroppedState: true,
      restore: { epoch: 12, store: "s3://old/p", id: "abc-2" },
    },
  });
});

test("a pod knows its place from its name, its peers from the service, and follows the store's topology", () => {
  const settings = read({}, { ...pod, WEIR_PROCESSES_FILE: "/etc/weir/topology/processes", WEIR_MESH_PORT: "9191" });
  expect(settings).toMatchObject({
    httpPort: 8080,
    bind: "10.0.0.7",
    keepTopology: true,
    member: { index: 3, meshPort: 9191, pod: true },
  });
  expect(settings.member!.address(12)).toBe("word-count-12.word-count-workers:9191");
  expect(settings.member!.processesFile).toBe("/etc/weir/topology/processes");
});

test("members started by hand know their peers from the list, whose length is their number unless fewer begin", () => {
  const settings = read({ index: "1", addresses: "a:1, b:2;[::1]:3" });
  expect(settings).toMatchObject({ processes: 3, keepTopology: false, member: { index: 1, meshPort: 2, pod: false } });
  expect([0, 1, 2, 3].map(settings.member!.address)).toEqual(["a:1", "b:2", "[::1]:3", ""]);
  expect(read({ index: "0", addresses: "a:1,b:2", processes: "1", keepTopology: true })).toMatchObject({
    processes: 1,
    keepTopology: true,
  });
});

test("parameters come from JSON and from flags, which win", () => {
  const env = { WEIR_PARAMS: '{"topic":"orders","n":3}' };
  expect(read({ param: ["topic=all", "filter=a=b"] }, env).params).toEqual({ topic: "all", n: "3", filter: "a=b" });
});

test.each<[RunFlags, Record<string, string>, RegExp]>([
  [{ workers: "0" }, {}, /--workers/],
  [{ workers: "1.5" }, {}, /--workers/],
  [{ processes: "" }, {}, /--processes/],
  [{ epoch: "-1" }, {}, /--epoch/],
  [{ recovery: "file:///a", snapshotInterval: "soon" }, {}, /--snapshot-interval/],
  [{ recovery: "file:///a", partitions: "40000" }, {}, /--partitions/],
  [{ recovery: "file:///a", retain: "0" }, {}, /--retain/],
  [{ recovery: "file:///a", allowDroppedState: "maybe" }, {}, /--allow-dropped-state/],
  [{ httpPort: "70000" }, {}, /--http-port/],
  [{ index: "2", addresses: "a:1,b:2" }, {}, /--index/],
  [{ index: "0" }, {}, /--index needs --addresses/],
  [{ addresses: "a:1" }, {}, /--addresses needs --index/],
  [{ index: "0", addresses: "a:1,b" }, {}, /"b" is not host:port/],
  [{ index: "0", addresses: "a:1,b:2", processes: "3" }, {}, /--processes/],
  [{ param: ["=x"] }, {}, /--param/],
  [{ partitions: "8" }, {}, /--partitions needs --recovery/],
  [{}, { WEIR_PARAMS: "{" }, /WEIR_PARAMS is not JSON/],
  [{}, { WEIR_PARAMS: "3" }, /not a JSON object/],
  [{}, { ...pod, WEIR_POD_NAME: "nameless" }, /WEIR_POD_NAME/],
  [{}, { ...pod, WEIR_SERVICE: "" }, /WEIR_SERVICE/],
  [{}, { ...pod, WEIR_MESH_PORT: "x" }, /WEIR_MESH_PORT/],
])("refuses %j %j", (flags, env, message) => {
  expect(() => read(flags, env)).toThrow(expect.objectContaining({ code: "WEIR_USAGE", message: expect.stringMatching(message) }));
});

test("what a cluster tells its members is what its own flags say", () => {
  const flags: RunFlags = {
    processes: "3",
    workers: "2",
    recovery: "file:///a",
    recoveryEndpoint: "http://s3",
    snapshotInterval: "1",
    partitions: "8",
    retain: "2",
    fromEpoch: "5",
    fromStore: "file:///b",
    allowDroppedState: true,
    epoch: "50",
    export: "mine",
    param: ["a=b", "c=d"],
  };
  const args = memberArguments("flow.ts", flags);
  expect(args[0]).toBe("flow.ts");
  const given: Record<string, string[]> = {};
  for (let at = 1; at < args.length; at++) {
    if (args[at] === "--allow-dropped-state") given[args[at]!] = [];
    else (given[args[at]!] ??= []).push(args[++at]!);
  }
  expect(given).toEqual({
    "--workers": ["2"],
    "--recovery": ["file:///a"],
    "--recovery-endpoint": ["http://s3"],
    "--snapshot-interval": ["1"],
    "--partitions": ["8"],
    "--retain": ["2"],
    "--from-epoch": ["5"],
    "--from-store": ["file:///b"],
    "--allow-dropped-state": [],
    "--epoch": ["50"],
    "--export": ["mine"],
    "--param": ["a=b", "c=d"],
  });
});
