/** The service goes away under a flow that runs, for longer than the patience with one request. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { members } from "../../host/members.ts";
import { forEachCloud } from "./clouds.ts";

const module = fileURLToPath(new URL("./reading-flow.ts", import.meta.url));
const lines = (of: string): string => Array.from({ length: 2_000 }, (_, i) => `${of} ${i}\n`).join("");

await forEachCloud((cloud) => {
  test("a service that stays away while the flow runs holds up its parts alone; the flow says so, and reads on when it is back", async () => {
    const { url, prefix } = cloud.fresh();
    const directory = mkdtempSync(join(tmpdir(), "weir-outage-"));
    const written = (file: string): string[] =>
      existsSync(join(directory, file)) ? readFileSync(join(directory, file), "utf8").split("\n").slice(0, -1) : [];
    const { endpoint, env } = cloud.options;
    const params = Object.entries({ url, endpoint, env: JSON.stringify(env), directory });
    const given = params.flatMap(([name, value]) => ["--param", `${name}=${value}`]);
    const store = ["-r", `file://${directory}/state`, "--snapshot-interval", "0.2", "--epoch", "50"];
    const flow = await members(1, [module, "-p", "1", ...store, ...given]);
    try {
      await cloud.put(`${prefix}/a`, lines("a"));
      flow.start(0);
      await flow.until("the first object is read", () => written("lines.txt").length === 2_000, 15_000);
      // The object is listed, and then nothing of it can be read.
      cloud.proxy.fault = (method, path) => (method === "GET" && path.includes(`${prefix}/b`) ? 503 : undefined);
      await cloud.put(`${prefix}/b`, lines("b"));
      const trouble = async (): Promise<string | undefined> =>
        (await flow.status(0))?.sources.find(({ part }) => part === `${prefix}/b`)?.trouble;
      await flow.until("the part is held up", async () => (await trouble()) !== undefined);
      expect(await trouble()).toMatch(/reading .*\/b at byte 0: 503/);

      cloud.proxy.fault = () => 503;
      const before = { numbers: written("numbers.txt").length, epoch: (await flow.status(0))!.lastSnapshot!.epoch };
      await flow.until("it was warned of", () => flow.errors(0).includes("and waits on: "));
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      const asked = performance.now();
      const meanwhile = (await flow.status(0))!;
      expect(performance.now() - asked).toBeLessThan(1_500);
      expect(meanwhile).toMatchObject({ phase: "running", execution: 1 });
      expect(meanwhile.lastSnapshot!.epoch).toBeGreaterThan(before.epoch);
      expect(written("numbers.txt").length).toBeGreaterThan(before.numbers + 20);

      cloud.proxy.fault = undefined;
      await cloud.put(`${prefix}/c`, lines("c"));
      await flow.until("the others are read", () => written("lines.txt").length === 6_000);
      expect(new Set(written("lines.txt")).size).toBe(6_000);
      const after = (await flow.status(0))!;
      expect(after).toMatchObject({ phase: "running", execution: 1 });
      expect(after.sources.filter(({ trouble: what }) => what !== undefined)).toEqual([]);
      await flow.post(0, "/drain");
      expect(await flow.exited(0), flow.errors(0)).toBe(0);
    } finally {
      cloud.proxy.fault = undefined;
      flow.kill();
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
