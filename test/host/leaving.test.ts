/** How processes go: asked by a signal, drained over HTTP, complete, or failed. Members that are started one by one, as pods are. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { freePorts } from "../../runtime/host/free-ports.ts";
import type { Manifest } from "../../runtime/recovery/types.ts";
import { startWeir } from "../cli/bin.ts";
import { expectSteady, steadyModule } from "./killing.ts";
import { type Members, members } from "./members.ts";

let directory: string;
let flow: Members | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "weir-leaving-"));
  flow = undefined;
});
afterEach(() => {
  flow?.kill();
  rmSync(directory, { recursive: true, force: true });
});

const [items, keys] = [240, 10];
const steady = (more: string[] = []): string[] => [
  steadyModule,
  "-r",
  `file://${directory}/store`,
  "--epoch",
  "40",
  "--snapshot-interval",
  "3600",
  ...[`directory=${directory}`, `items=${items}`, `keys=${keys}`, "paceMs=40"].flatMap((param) => ["--param", param]),
  ...more,
];
const manifest = (): Manifest | undefined => {
  const path = join(directory, "store/manifest.json");
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Manifest) : undefined;
};

test(
  "one that is asked to go takes a snapshot and goes; the others wait for its return, and the flow goes on",
  { timeout: 90_000 },
  async () => {
    const three = (flow = await members(3, steady()));
    for (let index = 0; index < 3; index++) three.start(index);
    for (const leaver of [1, 0]) {
      const others = [0, 1, 2].filter((index) => index !== leaver);
      const before = manifest()?.snapshots.at(-1)?.epoch ?? 0;
      await three.until("it runs", async () => {
        const all = await Promise.all([0, 1, 2].map((index) => three.status(index)));
        return all.every((status) => status?.phase === "running" && status.epoch > before + 3);
      });
      three.children[leaver]!.kill("SIGTERM");
      expect(await three.exited(leaver)).toBe(0);
      // The interval of snapshots is an hour: this one was taken for the one that left.
      expect(manifest()!.snapshots.at(-1)!.epoch).toBeGreaterThan(before);
      await three.until("the others wait", async () => {
        const ready = await Promise.all(others.map(async (index) => (await three.get(index, "/readyz")).status));
        const live = await Promise.all(others.map(async (index) => (await three.get(index, "/livez")).status));
        expect(live).toEqual([200, 200]);
        return ready.every((status) => status === 503);
      });
      three.start(leaver);
    }
    for (let index = 0; index < 3; index++) expect(await three.exited(index)).toBe(0);
    expectSteady(directory, { items, keys });
  },
);

test(
  "a drain answers with the last snapshot and ends all processes with status 0; the next run goes on from there",
  { timeout: 90_000 },
  async () => {
    const two = (flow = await members(2, steady()));
    for (let index = 0; index < 2; index++) two.start(index);
    await two.until("it runs", async () => ((await two.status(0))?.epoch ?? 0) > 8);
    expect((await two.post(1, "/drain")).status).toBe(409);
    const drained = await two.post(0, "/drain");
    expect(drained).toEqual({
      status: 200,
      body: { epoch: manifest()!.snapshots.at(-1)!.epoch, bytes: expect.any(Number), durationMilliseconds: expect.any(Number) },
    });
    expect(drained.body.epoch).toBeGreaterThan(5);
    expect(await Promise.all([two.exited(0), two.exited(1)])).toEqual([0, 0]);
    for (let index = 0; index < 2; index++) two.start(index);
    expect(await Promise.all([two.exited(0), two.exited(1)])).toEqual([0, 0]);
    expectSteady(directory, { items, keys });
  },
);

test(
  "any member tells the present state of any key, its load, and takes a snapshot only as process 0",
  { timeout: 60_000 },
  async () => {
    const two = (flow = await members(2, steady()));
    for (let index = 0; index < 2; index++) two.start(index);
    await two.until("it runs", async () => (await two.status(0))?.phase === "running" && ((await two.status(0))?.epoch ?? 0) > 5);
    const all = Array.from({ length: 10 }, (_, key) => `p0-${key}`);
    await two.until("all keys have come", async () => (await two.get(1, `/state/sum/${all[3]}`)).status === 200);
    for (const key of all.slice(0, 4)) {
      const answers = await Promise.all([0, 1].map((index) => two.get(index, `/state/sum/${encodeURIComponent(key)}`)));
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      expect(answers[0]!.body).toEqual({ value: expect.any(Number) });
    }
    const strange = `a/b ${"é".repeat(300)}`;
    for (const index of [0, 1]) expect((await two.get(index, `/state/sum/${encodeURIComponent(strange)}`)).status).toBe(404);
    expect((await two.post(0, "/snapshot")).body).toMatchObject({ epoch: expect.any(Number), bytes: expect.any(Number) });
    expect((await two.post(1, "/snapshot")).status).toBe(409);
    for (const index of [0, 1]) {
      const status = (await two.status(index))!;
      expect(status.busy).toBeGreaterThanOrEqual(0);
      expect(status.busy).toBeLessThanOrEqual(1);
      expect(status.steps.map(({ step }) => step)).toContain("sum");
    }
  },
);

test(
  "a cluster that is interrupted takes a snapshot, and goes on exactly there when it is run again",
  { timeout: 90_000 },
  async () => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      const before = manifest()?.snapshots.at(-1)?.epoch ?? 0;
      const { child, ended } = startWeir(["run", ...steady(["-p", "3", "--snapshot-interval", "0.5"])]);
      await expect.poll(() => manifest()?.snapshots.at(-1)?.epoch ?? 0, { timeout: 20_000 }).toBeGreaterThan(before);
      child.kill(signal);
      expect(await ended).toMatchObject({ status: 0, signal: null, stderr: expect.not.stringContaining("weir:") });
    }
    expect(await startWeir(["run", ...steady(["-p", "2"])]).ended).toMatchObject({
      status: 0,
      stderr: expect.not.stringContaining("weir:"),
    });
    expectSteady(directory, { items, keys });
  },
);

test("members leave when whoever started them is killed", { timeout: 60_000 }, async () => {
  const [port] = await freePorts(3);
  const { child, ended } = startWeir(["run", ...steady(["-p", "2", "--http-port", String(port)])]);
  const alive = (): Promise<boolean[]> =>
    Promise.all(
      [0, 1].map((index) =>
        fetch(`http://127.0.0.1:${port! + index}/livez`).then(
          ({ ok }) => ok,
          () => false,
        ),
      ),
    );
  await expect.poll(alive, { timeout: 20_000 }).toEqual([true, true]);
  child.kill("SIGKILL");
  await ended;
  await expect.poll(alive, { timeout: 15_000 }).toEqual([false, false]);
});

async function pod(module: string, ...args: string[]) {
  const [http, mesh] = await freePorts(2);
  const started = startWeir(["run", module, ...args], {
    env: {
      WEIR_POD_NAME: "flow-0",
      WEIR_SERVICE: "localhost",
      WEIR_POD_IP: "127.0.0.1",
      WEIR_TOKEN: "t",
      WEIR_HTTP_PORT: String(http),
      WEIR_MESH_PORT: String(mesh),
    },
  });
  const ask = (path: string, method = "GET"): Promise<{ status: number; body: any } | undefined> =>
    fetch(`http://127.0.0.1:${http}${path}`, { method, headers: { authorization: "Bearer t" } }).then(
      async (response) => ({ status: response.status, body: await response.json() }),
      () => undefined,
    );
  const phase = async (): Promise<string | undefined> => (await ask("/status"))?.body.phase as string | undefined;
  return { ...started, ask, phase };
}
const bounded = `import { Dataflow } from "weir"; import { testSource, testSink } from "weir/testing";
const flow = new Dataflow("bounded"); flow.input("in", testSource([1])).map("m", (x) => FAIL).output("out", testSink([])); export default flow;`;

test("a pod whose flow is complete stays and says so, until it is told to stop", { timeout: 60_000 }, async () => {
  writeFileSync(join(directory, "flow.ts"), bounded.replace("FAIL", "x"));
  for (const how of ["drain", "signal"]) {
    const { child, ended, ask, phase } = await pod(join(directory, "flow.ts"), "-r", `file://${directory}/${how}`);
    await expect.poll(phase, { timeout: 20_000 }).toBe("completed");
    expect((await ask("/readyz"))!.status).toBe(200);
    await sleep(300);
    expect(child.exitCode).toBeNull();
    const asked = performance.now();
    if (how === "drain") expect(await ask("/drain", "POST")).toMatchObject({ status: 200, body: { epoch: 1 } });
    else child.kill("SIGTERM");
    expect(await ended).toMatchObject({ status: 0 });
    // After a drain it lingers for the signal that follows in a cluster.
    const took = performance.now() - asked;
    if (how === "drain") expect(took).toBeGreaterThan(2500);
    else expect(took).toBeLessThan(2000);
  }
});

test(
  "a pod whose flow has failed stays a while for whoever wants to know why, and ends with status 1",
  { timeout: 60_000 },
  async () => {
    writeFileSync(join(directory, "flow.ts"), bounded.replace("FAIL", "x.y.z"));
    const { ended, ask, phase } = await pod(join(directory, "flow.ts"));
    await expect.poll(phase, { timeout: 20_000 }).toBe("failed");
    expect((await ask("/status"))!.body.error).toMatchObject({
      code: "WEIR_STEP_FAILED",
      step: "m",
      message: expect.stringContaining("undefined"),
    });
    expect(await ask("/readyz")).toMatchObject({ status: 503, body: { reason: expect.stringContaining('"m"') } });
    const { status, stderr } = await ended;
    expect(status).toBe(1);
    expect(stderr).toContain("WEIR_STEP_FAILED");
  },
);
