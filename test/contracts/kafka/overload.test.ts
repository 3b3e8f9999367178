/**
 * A flow whose topic gets more than ten times what its sink can take: memory stays bounded, lag is told as it is, and when that is over the
 * flow catches up without a restart.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTopic, producer } from "./admin.ts";
import { type Broker, startBroker, whenKafka } from "./broker.ts";

const weir = fileURLToPath(new URL("../../../bin/weir.js", import.meta.url));
const module = fileURLToPath(new URL("./slow-flow.ts", import.meta.url));
const MiB = 1 << 20;

await whenKafka(() => {
  let broker: Broker;
  let scratch: string;
  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), "weir-kafka-overload-"));
    broker = await startBroker();
  }, 60_000);
  afterAll(async () => {
    await broker?.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  test("10 times what it can handle: bounded memory, true lag, caught up without a restart", { timeout: 180_000 }, async () => {
    const topic = "overload";
    const [perSecond, recordBytes, records] = [2_000, 500, 600_000];
    await createTopic(broker, topic, 4);
    const [note, well] = [join(scratch, "handled"), join(scratch, "well")];
    const port = await freePort();
    const params = { brokers: broker.bootstrap[0]!, topic, note, well, perSecond };
    const child = spawn(
      process.execPath,
      [
        weir,
        "run",
        module,
        "--http-port",
        String(port),
        ...Object.entries(params).flatMap(([name, value]) => ["--param", `${name}=${value}`]),
      ],
      { stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, NODE_OPTIONS: "--max-old-space-size=64" } },
    );
    const status = async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/status`);
      return (await answer.json()) as {
        sources: { lag: number }[];
        memory: { rssBytes: number };
        phase: string;
        execution: number;
      };
    };
    let noted = 0;
    /** The file may be read while it is written: it never goes back. */
    const handled = (): number => {
      if (existsSync(note)) noted = Math.max(noted, Number(readFileSync(note, "utf8")));
      return noted;
    };
    try {
      await expect
        .poll(
          () =>
            status().then(
              ({ phase }) => phase,
              () => "none",
            ),
          { timeout: 20_000 },
        )
        .toBe("running");
      const { execution, memory } = await status();
      const readings: { lag: number; left: number; rss: number }[] = [];
      let written = 0;
      const writer = producer(broker);
      const write = async (): Promise<void> => {
        const value = Buffer.alloc(recordBytes, "x");
        while (written < records) {
          await writer.send({ messages: Array.from({ length: 2_000 }, (_, i) => ({ topic, partition: i % 4, value })) });
          written += 2_000;
        }
        await writer.close();
      };
      let writing = true;
      const began = performance.now();
      let wroteMs = 0;
      const writes = write().finally(() => {
        wroteMs = performance.now() - began;
        writing = false;
        writeFileSync(well, "");
      });
      do {
        await sleep(500);
        const { sources, memory: now } = await status();
        const lag = sources.reduce((sum, source) => sum + source.lag, 0);
        readings.push({ lag, left: written - handled(), rss: now.rssBytes });
      } while (writing || handled() < written);
      await writes;

      expect(records / (wroteMs / 1_000)).toBeGreaterThan(perSecond * 10);
      const total = written * recordBytes;
      const most = Math.max(...readings.map(({ rss }) => rss));
      console.log(
        `${(total / MiB).toFixed(0)} MiB written, memory ${(memory.rssBytes / MiB).toFixed(0)} MiB before and ${(most / MiB).toFixed(0)} MiB at most; ` +
          `written in ${(wroteMs / 1_000).toFixed(1)} s, lag at most ${Math.max(...readings.map(({ lag }) => lag))}`,
      );
      // The heap of 64 MiB would not hold the records, of which each takes some 400 bytes besides its own 500; and outside of it there is nothing like
      // the topic: the source's buffer, answers being read, at most 65,536 records on their way to the sink, and what is not collected yet.
      expect(most - memory.rssBytes).toBeLessThan(200 * MiB);
      expect(records * 900).toBeGreaterThan(2 * 200 * MiB);
      // What is not handled is either lag or on its way through the flow, of which there are at most 65,536; an answer may be a second old.
      const inFlow = 65_536 + 10_000;
      const aSecond = (records / wroteMs) * 1_600;
      const overloaded = readings.filter(({ left }) => left > written / 2);
      expect(overloaded.length).toBeGreaterThan(5);
      for (const { lag, left } of overloaded) {
        expect(lag).toBeLessThanOrEqual(left + aSecond);
        expect(lag).toBeGreaterThanOrEqual(left - inFlow - aSecond);
      }
      expect(Math.max(...readings.map(({ lag }) => lag))).toBeGreaterThan(written / 2);
      expect(handled()).toBe(written);
      await expect.poll(async () => (await status()).sources.map(({ lag }) => lag)).toEqual([0, 0, 0, 0]);
      expect((await status()).execution).toBe(execution);
    } finally {
      child.kill("SIGKILL");
    }
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
