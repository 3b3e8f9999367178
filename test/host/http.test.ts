/** The worker's HTTP contract over a process that is scripted. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { WeirError } from "../../runtime/errors/index.ts";
import type { Phase, Process } from "../../runtime/execution/index.ts";
import { serveHttp } from "../../runtime/host/http/server.ts";
import { createStatusReader } from "../../runtime/host/status.ts";

let server: Awaited<ReturnType<typeof serveHttp>>;
let phase: Phase;
let calls: string[];
let drained: number;
const refused = (): never => {
  throw new WeirError("WEIR_RESCALE_REFUSED", "another change is running");
};
let script: Partial<Process>;

beforeEach(async () => {
  [phase, calls, drained, script] = ["running", [], 0, {}];
  const snapshot = { epoch: 4, bytes: 10, durationMilliseconds: 2 };
  const process: Process = {
    run: () => new Promise(() => {}),
    poll() {},
    nextTime: () => undefined,
    leave() {},
    drain: async () => (calls.push("drain"), snapshot),
    snapshot: async () => (calls.push("snapshot"), script.snapshot?.() ?? snapshot),
    rescale: async (processes) => (
      calls.push(`rescale ${processes}`),
      script.rescale?.(processes) ?? { execution: 2, epoch: 4, stallMilliseconds: 9 }
    ),
    readState: async (step, key) => (calls.push(`${step}|${key}`), script.readState?.(step, key)),
    status: () => ({
      phase,
      execution: 1,
      topology: { processes: 3, threads: 1 },
      epoch: 9,
      frontier: 8,
      ...(phase === "failed" ? { error: new WeirError("WEIR_STEP_FAILED", "it broke", { step: "x" }) } : {}),
    }),
  };
  const step = { step: "x", kind: "map", upstream: ["in"], recordsIn: 7, recordsOut: 5, busySeconds: 0.5, keys: 3 };
  const status = createStatusReader({
    flow: "orders",
    process: 0,
    threads: 1,
    status: process.status,
    readings: async () => ({ steps: [step], sources: [{ step: "in", part: 'a"b', lag: 12 }], busySeconds: 1, queueBytes: 77 }),
  });
  server = await serveHttp({
    flow: "orders",
    process,
    status,
    token: "secret",
    host: "127.0.0.1",
    port: 0,
    onDrained: () => drained++,
  });
});
afterEach(() => server.close());

const ask = async (path: string, init: RequestInit = {}): Promise<[number, any]> => {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, init);
  const text = await response.text();
  return [response.status, text.startsWith("{") ? JSON.parse(text) : text];
};
const post = (path: string, body?: unknown, token = "secret"): Promise<[number, any]> =>
  ask(path, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const authorised = { headers: { authorization: "Bearer secret" } };

test.each<[Phase, number]>([
  ["standby", 200],
  ["loading", 503],
  ["running", 200],
  ["rescaling", 200],
  ["draining", 503],
  ["completed", 200],
  ["failed", 503],
])("%s: alive, and /readyz answers %i", async (now, code) => {
  phase = now;
  expect((await ask("/livez"))[0]).toBe(200);
  const [status, body] = await ask("/readyz");
  expect(status).toBe(code);
  if (code === 503) expect(body.reason).toBe(now === "failed" ? "it broke" : `the worker is ${now}`);
});

test("status is the contract's, with the error of a flow that failed", async () => {
  phase = "failed";
  expect(await ask("/status")).toEqual([
    200,
    {
      flow: "orders",
      process: 0,
      phase: "failed",
      execution: 1,
      topology: { processes: 3, threads: 1 },
      epoch: 8,
      busy: 0,
      steps: [{ step: "x", kind: "map", upstream: ["in"], recordsIn: 7, recordsOut: 5, busySeconds: 0.5, keys: 3 }],
      sources: [{ step: "in", part: 'a"b', lag: 12 }],
      memory: { rssBytes: expect.any(Number), heapUsedBytes: expect.any(Number), queueBytes: 77 },
      error: { code: "WEIR_STEP_FAILED", message: "it broke", step: "x" },
    },
  ]);
});

test("metrics say the same as the status, however often they are read", async () => {
  for (let reads = 0; reads < 2; reads++) {
    const [, text] = await ask("/metrics");
    for (const line of [
      'weir_step_records_in_total{step="x",flow="orders"} 7',
      'weir_step_keys{step="x",flow="orders"} 3',
      'weir_source_lag{step="in",part="a\\"b",flow="orders"} 12',
      'weir_phase{phase="running",flow="orders"} 1',
      'weir_topology_processes{flow="orders"} 3',
      'weir_queue_bytes{flow="orders"} 77',
    ])
      expect(text).toContain(line);
    expect(text).toMatch(/^process_cpu_seconds_total/m);
  }
});

test("whoever changes something shows the token", async () => {
  for (const path of ["/snapshot", "/drain", "/rescale"]) {
    expect((await post(path, { processes: 2 }, "wrong"))[0]).toBe(401);
    expect((await ask(path, { method: "POST" }))[0]).toBe(401);
  }
  expect((await ask("/state/x/k"))[0]).toBe(401);
  expect(calls).toEqual([]);
});

test("snapshot, drain and rescale answer with what came of them", async () => {
  expect(await post("/snapshot")).toEqual([200, { epoch: 4, bytes: 10, durationMilliseconds: 2 }]);
  expect(await post("/rescale", { processes: 5 })).toEqual([200, { execution: 2, epoch: 4, stallMilliseconds: 9 }]);
  expect(await post("/drain", {})).toEqual([200, { epoch: 4, bytes: 10, durationMilliseconds: 2 }]);
  await expect.poll(() => drained).toBe(1);
  expect(calls).toEqual(["snapshot", "rescale 5", "drain"]);
});

test.each([[{}], [{ processes: "5" }], [{ processes: 0 }], [{ processes: 1.5 }], [undefined]])(
  "a rescale of %j is no request",
  async (body) => {
    expect((await post("/rescale", body))[0]).toBe(400);
    expect(calls).toEqual([]);
  },
);

test("a change that is refused is a conflict, and a store that fails is not", async () => {
  script = { rescale: refused, snapshot: async () => Promise.reject(new WeirError("WEIR_STORE_FAILED", "full")) };
  expect(await post("/rescale", { processes: 2 })).toEqual([
    409,
    { code: "WEIR_RESCALE_REFUSED", message: "another change is running" },
  ]);
  expect(await post("/snapshot")).toEqual([500, { code: "WEIR_STORE_FAILED", message: "full" }]);
});

test("the state of a key: its value, nothing, or not now", async () => {
  const key = `a/b?c ${"x".repeat(500)}`;
  const path = `/state/x/${encodeURIComponent(key)}`;
  script = { readState: async () => ({ sum: 3n, at: new Date(0) }) };
  expect(await ask(path, authorised)).toEqual([200, { value: { sum: "3", at: "1970-01-01T00:00:00.000Z" } }]);
  script = { readState: async () => null };
  expect(await ask(path, authorised)).toEqual([200, { value: null }]);
  script = {};
  expect((await ask(path, authorised))[0]).toBe(404);
  script = { readState: async () => Promise.reject(new WeirError("WEIR_EXECUTION_ENDED", "not running")) };
  expect(await ask(path, authorised)).toEqual([503, { reason: "not running" }]);
  expect(new Set(calls)).toEqual(new Set([`x|${key}`]));
});

test("a port in use is said so", async () => {
  const again = serveHttp({
    flow: "f",
    process: {} as Process,
    status: { read: async () => ({}) as never },
    token: undefined,
    host: "127.0.0.1",
    port: server.port,
    onDrained() {},
  });
  await expect(again).rejects.toMatchObject({ code: "WEIR_PORT_IN_USE", message: expect.stringContaining(String(server.port)) });
});
