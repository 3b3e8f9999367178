/**
 * Where the time of a row goes: one more run of it with V8's sampling profiler, summed up by the parts of the runtime. Times are self
 * times of what ran; waiting is not counted.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { repository } from "../cache.ts";
import { run } from "../measure.ts";
import type { Row, Scale } from "../row.ts";

/** A chain's function, and those of stateful steps: they have no file. */
const generated: ReadonlySet<string> = new Set(["run", "loop", "gather"]);

interface Sampled {
  readonly nodes: readonly { readonly id: number; readonly callFrame: { readonly functionName: string; readonly url: string } }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
  /** Microseconds of a clock that all processes share. */
  readonly startTime: number;
}
/** Microseconds by what they were spent on. */
type Shares = Map<string, number>;

/** Of these only the last process counts: the ones before make what it finds. */
const lastOnly: ReadonlySet<string> = new Set(["resume"]);

/** They last as long as they are told to; a shorter time shows the same. */
const timed: ReadonlySet<string> = new Set(["latency", "recovery", "idle", "bounded"]);

/** What it measures is no time. */
const timeless: ReadonlySet<string> = new Set(["memory"]);

/**
 * Of the row's first variant that is not the loop, in all of its processes and threads. A sentence without its full stop; undefined where
 * the row is not about time.
 */
export async function profileOf(row: Row, scale: Scale): Promise<string | undefined> {
  if (timeless.has(row.name)) return undefined;
  const variant = Object.keys(row.variants).find((name) => name !== "loop")!;
  const directory = mkdtempSync(join(tmpdir(), "weir-bench-profile-"));
  try {
    const options = `--cpu-prof --cpu-prof-interval=500 --cpu-prof-dir=${directory}`;
    const args = ["bench/measured.ts", row.name, variant, timed.has(row.name) ? "brief" : scale];
    await run(process.execPath, args, repository, `profile of ${row.name}`, { NODE_OPTIONS: options });
    const profiles = readdirSync(directory)
      .map((name) => JSON.parse(readFileSync(join(directory, name), "utf8")) as Sampled)
      .toSorted((a, b) => a.startTime - b.startTime);
    const parts: Shares = new Map();
    const functions: Shares = new Map();
    for (const profile of lastOnly.has(row.name) ? profiles.slice(-1) : profiles) addShares(profile, parts, functions);
    if (parts.size === 0) throw new Error(`the profile of ${row.name} has nothing of the runtime in it`);
    return describe(variant, parts, functions);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export function addShares({ nodes, samples, timeDeltas }: Sampled, parts: Shares, functions: Shares): void {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
  // Before, Node starts and loads modules: named functions of these rooms are at work only when a flow is.
  const begun = samples.findIndex((id) => {
    const { functionName, url } = byId.get(id)!;
    return functionName !== "" && /\/runtime\/(timely|flow|recovery|execution)\//.test(url);
  });
  if (begun < 0) return;
  for (const [i, id] of samples.entries()) {
    if (i < begun) continue;
    const { functionName, url } = byId.get(id)!;
    if (functionName === "(idle)" || functionName === "(root)") continue;
    const took = Math.max(0, timeDeltas[i]!);
    const part = partOf(functionName, url);
    parts.set(part, (parts.get(part) ?? 0) + took);
    if (!url.startsWith("file:")) continue;
    const where = `\`${functionName || "(anonymous)"}\` of ${relative(url)}`;
    functions.set(where, (functions.get(where) ?? 0) + took);
  }
}

/** To the repository, or to the folder of packages, which may be a link to another place. */
const relative = (url: string): string => {
  const path = fileURLToPath(url);
  const packages = path.lastIndexOf("/node_modules/");
  if (packages >= 0) return path.slice(packages + 1);
  return path.startsWith(repository) ? path.slice(repository.length).replace(/^\//, "") : path;
};

function partOf(functionName: string, url: string): string {
  if (functionName === "(garbage collector)") return "garbage collection";
  if (functionName === "(program)") return "V8 and the kernel";
  if (url === "" && generated.has(functionName)) return "functions that the flow layer generates, with the user's inlined";
  if (!url.startsWith("file:")) return "Node";
  const path = relative(url);
  if (/^(bench|examples)\//.test(path)) return "the flow's own functions, its source and sink";
  const folders = /^runtime\/(.+)\/[^/]+$/.exec(path)?.[1];
  return folders === undefined ? "libraries" : `\`runtime/${folders.split("/").slice(0, 2).join("/")}\``;
}

/** Parts from 3% on, and the three heaviest functions. */
export function describe(variant: string, parts: Shares, functions: Shares): string {
  const all = [...parts.values()].reduce((sum, took) => sum + took, 0);
  const percent = (took: number): string => `${Math.round((100 * took) / all)}%`;
  const most = (shares: Shares): [string, number][] => [...shares].toSorted(([, a], [, b]) => b - a);
  const large = most(parts).filter(([, took]) => took >= 0.03 * all);
  const heaviest = most(functions).slice(0, 3);
  return (
    `${variant}: ${large.map(([part, took]) => `${percent(took)} ${part}`).join(", ")}; ` +
    `most of it in ${heaviest.map(([name, took]) => `${name} (${percent(took)})`).join(", ")}`
  );
}
