/**
 * Processes that are killed at the worst moments of a commit: whoever lists the bucket afterwards finds each row once. The store of recovery
 * is behind the same proxy, so that the proxy sees each step and can stop the world right there:
 *
 *   parts uploaded ─▶ manifest written ─▶ uploads completed
 *                  ^1      2           ^3        4         ^5
 */
import { type ChildProcess, spawn } from "node:child_process";
import { expect, test } from "vitest";
import type { ProxyFault } from "../../fakes/cutting-proxy.ts";
import { type Cloud, forEachCloud } from "./clouds.ts";
import type { WriterOptions } from "./flow.ts";

interface Moment {
  readonly name: string;
  /** Of the request at which the process dies. */
  readonly at: "part" | "manifest" | "complete";
  readonly fault: ProxyFault;
}
const moments: readonly Moment[] = [
  { name: "a part is being uploaded", at: "part", fault: "hold" },
  { name: "all is prepared and the manifest is not written", at: "manifest", fault: "hold" },
  { name: "the manifest is written and its answer is lost", at: "manifest", fault: "hold-answer" },
  { name: "the manifest is written and no upload is completed", at: "complete", fault: "hold" },
  { name: "an upload is completed and its answer is lost", at: "complete", fault: "hold-answer" },
];

function kindOf(method: string, path: string): Moment["at"] | undefined {
  if (path.includes("manifest.json")) return method === "PUT" ? "manifest" : undefined;
  const query = new URL(path, "http://any").searchParams;
  if (query.get("comp") === "blocklist" || (method === "POST" && query.has("uploadId"))) return "complete";
  if (method === "PUT" && (query.has("partNumber") || query.get("comp") === "block")) return "part";
  return undefined;
}

function start(options: WriterOptions): { readonly child: ChildProcess; readonly exited: Promise<string> } {
  const file = new URL("./flow.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [file, JSON.stringify(options)], { stdio: ["ignore", "ignore", "pipe"] });
  let errors = "";
  child.stderr!.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const exited = new Promise<string>((resolve) =>
    child.once("exit", (code, signal) => resolve(code === 0 ? "done" : `${signal ?? code} ${errors}`)),
  );
  return { child, exited };
}

/** Runs until the `count`-th request of the moment's kind, and kills the process while that request is under way. */
async function runUntil(cloud: Cloud, options: WriterOptions, { at, fault }: Moment, count: number): Promise<void> {
  let seen = 0;
  const met = new Promise<void>((resolve) => {
    cloud.proxy.fault = (method, path) => {
      if (kindOf(method, path) !== at || ++seen < count) return undefined;
      // What is applied without an answer needs a moment to be applied.
      if (seen === count) setTimeout(resolve, 50);
      return fault;
    };
  });
  const { child, exited } = start(options);
  const outcome = await Promise.race([met.then(() => "met"), exited]);
  expect(outcome).toBe("met");
  child.kill("SIGKILL");
  await exited;
  cloud.proxy.fault = undefined;
}

await forEachCloud((cloud) => {
  test.each(moments)("killed with SIGKILL while $name: each row is in exactly one object", async (moment) => {
    const { url, prefix } = cloud.fresh();
    const { endpoint, env } = cloud.options;
    const rows = 1_500;
    const format = moment.at === "part" ? "parquet" : "jsonl";
    const options: WriterOptions = {
      url: `${url}/out`,
      store: `${url}/state`,
      endpoint,
      env: env as never,
      rows,
      format,
      workers: 2,
    };
    // Claims of the store write the manifest, too.
    await runUntil(cloud, options, moment, 3);
    await runUntil(cloud, options, moment, 2);
    expect(await start(options).exited).toBe("done");
    const ids: string[] = [];
    for (const [key, bytes] of await cloud.read(`${prefix}/out/`)) ids.push(...(await idsOf(key, bytes)));
    expect(ids).toHaveLength(3 * rows);
    expect(new Set(ids).size).toBe(3 * rows);
    expect(await cloud.bucket.uploads(`${prefix}/out/`, new AbortController().signal)).toEqual([]);
  });
});

async function idsOf(key: string, bytes: Buffer): Promise<string[]> {
  if (key.endsWith(".jsonl"))
    return bytes
      .toString()
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { id: string }).id);
  const { parquetReadObjects } = await import("hyparquet");
  const rows = await parquetReadObjects({ file: new Uint8Array(bytes).buffer });
  return rows.map(({ id }) => id as string);
}
