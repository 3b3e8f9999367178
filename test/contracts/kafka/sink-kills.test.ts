/** Real processes, killed at random moments, and a broker that is killed under them: a reader of committed records sees each result once. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRandom } from "../../simulation/random.ts";
import { createTopic } from "./admin.ts";
import { type Broker, startBroker, whenKafka } from "./broker.ts";
import { checkNumbers, perfect, readTopic } from "./read-committed.ts";

const weir = fileURLToPath(new URL("../../../bin/weir.js", import.meta.url));
const module = fileURLToPath(new URL("./numbers-flow.ts", import.meta.url));

await whenKafka(() => {
  let broker: Broker;
  let directory: string;
  beforeAll(async () => {
    broker = await startBroker();
    directory = mkdtempSync(join(tmpdir(), "weir-kafka-kills-"));
  }, 60_000);
  afterAll(async () => {
    await broker?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** A test that is tried again begins with nothing. */
  let topics = 0;
  const fresh = (name: string): string => `${name}-${++topics}`;

  interface Run {
    readonly child: ChildProcess;
    /** Exit code, or null when it was killed. */
    readonly exited: Promise<number | null>;
    /** It has begun to read, or has ended before. */
    readonly reads: Promise<void>;
    said(): string;
  }
  function start(topic: string, params: Readonly<Record<string, string | number>>, more: readonly string[] = []): Run {
    const all = { topic, brokers: broker.bootstrap[0]!, ...params };
    const given = Object.entries(all).flatMap(([name, value]) => ["--param", `${name}=${value}`]);
    const recovery = ["--recovery", `file://${directory}/${topic}`, "--snapshot-interval", "0.2", "--epoch", "40"];
    const child = spawn(process.execPath, [weir, "run", module, ...recovery, ...more, ...given], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
    const reads = new Promise<void>((resolve) => {
      void exited.then(() => resolve());
      const hear = (piece: Buffer): void => {
        text = (text + piece.toString()).slice(-5_000);
        if (text.includes("reading")) resolve();
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
    });
    return { child, exited, reads, said: () => text };
  }
  /** Runs the flow until it is complete, killed at random moments on the way. */
  async function runKilled(topic: string, params: Readonly<Record<string, string | number>>, kills: number, seed: number) {
    const random = createRandom(seed);
    let killed = 0;
    for (; killed < kills; killed++) {
      const run = start(topic, params);
      await run.reads;
      const timer = setTimeout(() => run.child.kill("SIGKILL"), 100 + random.integer(1_300));
      const code = await run.exited;
      clearTimeout(timer);
      if (code === 0) break;
      expect(run.said()).not.toContain("WEIR_");
    }
    const run = start(topic, params);
    expect({ code: await run.exited, said: run.said() }).toMatchObject({ code: 0 });
    return killed;
  }

  test("a flow that is killed ten times", { timeout: 150_000 }, async () => {
    const count = 20_000;
    const topic = fresh("killed");
    await createTopic(broker, topic, 3);
    expect(await runKilled(topic, { count, rate: 2_000 }, 10, 11)).toBeGreaterThanOrEqual(5);
    const { records, waiting } = await readTopic(broker, topic);
    expect({ ...checkNumbers(records, count), waiting }).toEqual({ ...perfect, waiting: 0 });
    // There was something to be left out.
    expect((await readTopic(broker, topic, "uncommitted")).records.length).toBeGreaterThan(count);
  });

  test.each(["prepared", "commit", "committed"])("a flow that is killed at the point: %s", { timeout: 60_000 }, async (dieAt) => {
    const topic = fresh(`killed-${dieAt}`);
    const count = 14_000;
    await createTopic(broker, topic, 3);
    let deaths = 0;
    for (; deaths < 4; deaths++) {
      const { child, exited } = start(topic, { count, rate: 2_000, dieAt });
      // On a slow machine four lives may read it all.
      if ((await exited) === 0) break;
      expect(child.signalCode).toBe("SIGKILL");
    }
    expect(deaths).toBeGreaterThanOrEqual(2);
    const run = start(topic, { count, rate: 2_000 });
    expect({ code: await run.exited, said: run.said() }).toMatchObject({ code: 0 });
    const { records, waiting } = await readTopic(broker, topic);
    expect({ ...checkNumbers(records, count), waiting }).toEqual({ ...perfect, waiting: 0 });
  });

  test("at least once, a flow that is killed writes all and some twice", { timeout: 90_000 }, async () => {
    const count = 8_000;
    const topic = fresh("killed-plain");
    await createTopic(broker, topic, 3);
    await runKilled(topic, { count, rate: 2_000, guarantee: "atLeastOnce" }, 4, 12);
    const { records } = await readTopic(broker, topic);
    expect(checkNumbers(records, count)).toMatchObject({ missing: 0, strange: 0 });
    expect(records.length).toBeGreaterThan(count);
  });

  test("a flow of two processes whose broker is killed three times", { timeout: 150_000 }, async () => {
    const count = 20_000;
    const topic = fresh("broker-killed");
    await createTopic(broker, topic, 3);
    const run = start(topic, { count, rate: 2_000 }, ["-p", "2"]);
    try {
      for (let kill = 0; kill < 3; kill++) {
        await sleep(1_700);
        await broker.kill();
        await sleep(300);
        await broker.restart();
      }
      expect({ code: await run.exited, said: run.said() }).toMatchObject({ code: 0 });
    } finally {
      run.child.kill("SIGKILL");
    }
    const { records, waiting } = await readTopic(broker, topic);
    expect({ ...checkNumbers(records, count), waiting }).toEqual({ ...perfect, waiting: 0 });
  });
});
