/** The commands in the README of `examples/kafka`, one after the other, on ports of their own. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { whenKafka } from "./broker.ts";

const readme = readFileSync("examples/kafka/README.md", "utf8");
const commands = [...readme.matchAll(/```sh\n([^]*?)```/g)].map(([, text]) => text!.trim());

await whenKafka(() => {
  const scratch = mkdtempSync(join(tmpdir(), "weir-kafka-example-"));
  const started: ChildProcess[] = [];
  afterAll(async () => {
    // The whole groups, and until nobody of them is left: npx neither passes signals on to what it starts nor waits for it.
    for (const child of started.toReversed()) {
      const signal = (name: "SIGTERM" | 0): boolean => {
        try {
          return process.kill(-child.pid!, name);
        } catch {
          return false;
        }
      };
      signal("SIGTERM");
      for (let waits = 0; signal(0) && waits < 400; waits++) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    rmSync(scratch, { recursive: true, force: true });
  });

  const start = (command: string, env: Readonly<Record<string, string>>) => {
    const child = spawn("sh", ["-c", command], {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
      env: { ...process.env, ...env },
    });
    started.push(child);
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    return { child, said: () => said };
  };

  test("a broker, the flow, and a shop that finds every order in the totals, once", { timeout: 120_000 }, async () => {
    expect(commands).toHaveLength(3);
    const port = String(await freePort());
    const brokers = `localhost:${port}`;
    const broker = start(commands[0]!, { KAFKA_PORT: port });
    await expect.poll(broker.said, { timeout: 60_000 }).toContain("Kafka is up");
    const flow = start(`${commands[1]!.replace("/tmp/weir/kafka", `${scratch}/state`)} --param brokers=${brokers}`, {});
    const shop = start(commands[2]!, { KAFKA_BROKERS: brokers });
    const code = await new Promise<number | null>((resolve) => shop.child.once("exit", resolve));
    expect(shop.said() + flow.said()).toContain("every order is in the totals, once");
    expect(code).toBe(0);
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
