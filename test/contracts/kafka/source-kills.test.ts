/** Real processes between two topics, killed at random moments and started again in other numbers: each record counts once. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRandom } from "../../simulation/random.ts";
import { createTopic, produce } from "./admin.ts";
import { type Broker, startBroker, whenKafka } from "./broker.ts";
import { readTopic } from "./read-committed.ts";

const weir = fileURLToPath(new URL("../../../bin/weir.js", import.meta.url));
const module = fileURLToPath(new URL("./counts-flow.ts", import.meta.url));

await whenKafka(() => {
  let broker: Broker;
  let scratch: string;
  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), "weir-kafka-counts-"));
    broker = await startBroker();
  }, 60_000);
  afterAll(async () => {
    await broker?.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  test("killed six times, with 1, 2 and 3 processes by turns", { timeout: 170_000 }, async () => {
    const [partitions, keys, each] = [5, 10, 2_000];
    await createTopic(broker, "numbers", partitions);
    await createTopic(broker, "counts", 3);
    const records = Array.from({ length: keys * each }, (_, i) => ({
      topic: "numbers",
      partition: i % partitions,
      key: `k${i % keys}`,
      value: `${i}`,
    }));
    await produce(broker, records);
    const random = createRandom(5);
    const run = async (processes: number, killAfterMs: number | undefined) => {
      const params = { brokers: broker.bootstrap[0]!, from: "numbers", to: "counts" };
      const options = [
        "--recovery",
        `file://${scratch}/state`,
        "--snapshot-interval",
        "0.2",
        "--epoch",
        "40",
        "-p",
        String(processes),
      ];
      const given = Object.entries(params).flatMap(([name, value]) => ["--param", `${name}=${value}`]);
      const child = spawn(process.execPath, [weir, "run", module, ...options, ...given], {
        stdio: ["ignore", "pipe", "pipe"],
        detached: true,
      });
      let said = "";
      child.stdout.on("data", (piece: Buffer) => (said += piece.toString()));
      child.stderr.on("data", (piece: Buffer) => (said += piece.toString()));
      const timer = killAfterMs === undefined ? undefined : setTimeout(() => process.kill(-child.pid!, "SIGKILL"), killAfterMs);
      const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
      clearTimeout(timer);
      return { code, said };
    };
    let killed = 0;
    for (let life = 0; life < 6; life++) {
      const { code, said } = await run((life % 3) + 1, 1_200 + random.integer(1_500));
      if (code === 0) break;
      expect(code, said).toBeNull();
      killed++;
    }
    expect(killed).toBeGreaterThanOrEqual(3);
    const last = await run(2, undefined);
    expect(last).toMatchObject({ code: 0 });

    const { records: counts, waiting } = await readTopic(broker, "counts");
    const of = new Map<string | null, number[]>();
    for (const { key, value } of counts) of.set(key, [...(of.get(key) ?? []), Number(value)]);
    expect(of.size).toBe(keys);
    const expected = Array.from({ length: each }, (_, i) => i + 1);
    for (const seen of of.values()) expect(seen).toEqual(expected);
    expect(waiting).toBe(0);
  });
});
