/** 3 → 5 → 1 processes over HTTP, under load, with windows and running sums in flight. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { expectSteady, steadyModule } from "./killing.ts";
import { type Members, members } from "./members.ts";

let directory: string;
let flow: Members;
afterEach(() => {
  flow.kill();
  rmSync(directory, { recursive: true, force: true });
});

test(
  "members outside of the topology stand by, join, and leave; every result comes once, and the stall is reported",
  { timeout: 90_000 },
  async () => {
    directory = mkdtempSync(join(tmpdir(), "weir-rescale-"));
    const [items, keys] = [700, 50];
    const params = [`directory=${directory}`, `items=${items}`, `keys=${keys}`, "paceMs=50"].flatMap((param) => ["--param", param]);
    const store = ["-r", `file://${directory}/store`, "--snapshot-interval", "1", "--epoch", "50"];
    flow = await members(5, [steadyModule, "-p", "3", "--keep-topology", ...store, ...params]);
    for (let index = 0; index < 5; index++) flow.start(index);
    const phases = async (): Promise<string> =>
      (await Promise.all([0, 1, 2, 3, 4].map(async (index) => (await flow.status(index))?.phase ?? "-"))).join(" ");
    const running = async (epoch: number): Promise<boolean> => ((await flow.status(0))?.epoch ?? 0) > epoch;

    await flow.until(
      "three run, two stand by",
      async () => (await phases()) === "running running running standby standby" && (await running(5)),
    );
    for (let index = 0; index < 5; index++) expect((await flow.get(index, "/readyz")).status).toBe(200);

    const grown = await flow.post(0, "/rescale", { processes: 5 });
    expect(grown).toMatchObject({ status: 200, body: { execution: 2, stallMilliseconds: expect.any(Number) } });
    await flow.until("five run", async () => (await phases()) === "running running running running running");
    expect(await flow.status(0)).toMatchObject({
      topology: { processes: 5, threads: 1 },
      execution: 2,
      lastRescale: { from: 3, to: 5, stallMilliseconds: grown.body.stallMilliseconds },
    });
    expect(String((await flow.get(0, "/metrics")).body)).toMatch(/^weir_rescale_stall_seconds\{.*\} [\d.]+$/m);
    const epoch = (await flow.status(0))!.epoch;
    await flow.until("it goes on", () => running(epoch + 5));

    // Refused while nothing changes: too many, none, and by whoever is not process 0 or does not know the token.
    expect(await flow.post(0, "/rescale", { processes: 6 })).toMatchObject({ status: 409, body: { code: "WEIR_RESCALE_REFUSED" } });
    expect(await flow.post(0, "/rescale", { processes: "two" })).toMatchObject({ status: 400 });
    expect(await flow.post(1, "/rescale", { processes: 1 })).toMatchObject({ status: 409 });
    expect(await flow.post(0, "/rescale", { processes: 1 }, "another token")).toMatchObject({ status: 401 });

    const [shrunk, second] = await Promise.all([
      flow.post(0, "/rescale", { processes: 1 }),
      flow.post(0, "/rescale", { processes: 2 }),
    ]);
    expect([shrunk.status, second.status].toSorted()).toEqual([200, 409]);
    const to = shrunk.status === 200 ? 1 : 2;
    await flow.until("the others stand by", async () => (await phases()).endsWith("standby standby standby"));
    console.log(
      `stalls: 3 → 5 in ${grown.body.stallMilliseconds} ms, 5 → ${to} in ${(to === 1 ? shrunk : second).body.stallMilliseconds} ms`,
    );

    for (let index = 0; index < 5; index++) expect(await flow.exited(index)).toBe(0);
    expectSteady(directory, { items, keys });
    expect(JSON.parse(readFileSync(join(directory, "store/manifest.json"), "utf8"))).toMatchObject({ topology: { processes: to } });
  },
);
