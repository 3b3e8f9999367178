/**
 * A disk that is really full: the store is on a file system of a few megabytes, mounted for the flow's processes alone (in a user
 * and mount namespace, which needs Linux and no root).
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { expectSteady, steadyModule } from "../host/killing.ts";

const command = fileURLToPath(new URL("../../bin/weir.js", import.meta.url));
const canMount = spawnSync("unshare", ["-rm", "sh", "-c", "mount -t tmpfs tmpfs /tmp"]).status === 0;
if (!canMount) console.warn("full disk: SKIPPED, as no file system can be mounted here (unshare -rm)");

let directory: string;
let flow: ChildProcess;
afterEach(() => {
  if (flow?.pid !== undefined && flow.exitCode === null) process.kill(-flow.pid, "SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

test.skipIf(!canMount && process.env.CI === undefined)(
  "a flow whose disk is full waits, says so, and goes on exactly where it was when there is room again",
  { timeout: 120_000 },
  async () => {
    directory = mkdtempSync(join(tmpdir(), "weir-full-"));
    const disk = join(directory, "disk");
    mkdirSync(disk);
    const steady = { items: 1000, keys: 10 };
    const params = [`directory=${directory}`, `items=${steady.items}`, `keys=${steady.keys}`, "paceMs=40"];
    const pace = ["--epoch", "40", "--snapshot-interval", "0.3"];
    const run = [
      "run",
      steadyModule,
      "-p",
      "2",
      "-r",
      `file://${disk}/store`,
      ...pace,
      ...params.flatMap((one) => ["--param", one]),
    ];
    const mount = 'mount -t tmpfs -o size=4m tmpfs "$0" && exec "$@"';
    flow = spawn("unshare", ["-rm", "sh", "-c", mount, disk, process.execPath, command, ...run], {
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    flow.stderr!.setEncoding("utf8").on("data", (text: string) => (said += text));
    const ended = new Promise<number | null>((done) => flow.once("exit", done));
    const seen = `/proc/${flow.pid}/root${disk}`;
    const until = async (what: string, holds: () => boolean): Promise<void> => {
      for (const deadline = Date.now() + 60_000; !holds(); await sleep(50)) {
        if (Date.now() > deadline || flow.exitCode !== null) throw new Error(`${what} did not come about:\n${said}`);
      }
    };
    const newest = (): number => {
      const { snapshots } = JSON.parse(readFileSync(join(seen, "store", "manifest.json"), "utf8")) as {
        snapshots: { epoch: number }[];
      };
      return snapshots.at(-1)?.epoch ?? -1;
    };
    await until("the first snapshot", () => existsSync(join(seen, "store", "manifest.json")) && newest() > 0);

    fill(join(seen, "ballast"));
    await until("a word about it", () => /ENOSPC|no space|disk is full/i.test(said));
    const before = newest();
    await sleep(1500);
    expect(newest()).toBe(before);
    rmSync(join(seen, "ballast"));
    await until("another snapshot", () => newest() > before);

    expect(await ended, said).toBe(0);
    expectSteady(directory, steady);
  },
);

/** Until not one more byte finds room. */
function fill(path: string): void {
  const file = openSync(path, "w");
  try {
    for (let size = 1 << 20; size >= 1;) {
      try {
        writeSync(file, Buffer.alloc(size));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
        size >>= 1;
      }
    }
  } finally {
    closeSync(file);
  }
}
