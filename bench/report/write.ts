/** Leaves the results of a run behind: bench/results/latest.md always; docs/performance.md and its picture when asked. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch, availableParallelism, cpus, platform } from "node:os";
import { join } from "node:path";
import { repository } from "../cache.ts";
import { judge, type RowResult } from "../results.ts";
import type { Scale } from "../row.ts";
import { picture } from "./picture.ts";
import { markdownTable } from "./table.ts";

export interface Circumstances {
  readonly runs: number;
  readonly scale: Scale;
  /** Load average of the last minute before the first measurement: what else the machine was doing. */
  readonly loadBefore: number;
  readonly save: boolean;
}

/** Says what was written. */
export function write(results: readonly RowResult[], circumstances: Circumstances): string {
  const directory = join(repository, "bench/results");
  mkdirSync(directory, { recursive: true });
  const latest = join(directory, "latest.md");
  const body = `${conditions(circumstances)}\n\n${markdownTable(results)}\n`;
  writeFileSync(latest, `# Benchmarks\n\n${body}`);
  if (!circumstances.save) return "bench/results/latest.md written";
  const images = join(repository, "docs/images");
  mkdirSync(images, { recursive: true });
  writeFileSync(join(images, "performance.svg"), picture(results, "Multiples of each row's first line (logarithmic)"));
  const page = join(repository, "docs/performance.md");
  const old = existsSync(page) ? readFileSync(page, "utf8") : `# Performance\n\n${begin}\n${end}\n`;
  writeFileSync(page, replaceNumbers(old, `${body}\n${limits(results)}`));
  return "docs/performance.md, docs/images/performance.svg and bench/results/latest.md written";
}

const begin = "<!-- numbers: written by `npm run bench -- --peers --save` -->";
const end = "<!-- end of numbers -->";

/** What people wrote around the numbers stays. @throws Error when the page has lost its marks */
export function replaceNumbers(page: string, numbers: string): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`docs/performance.md needs the lines ${begin} and ${end}`);
  return `${page.slice(0, from + begin.length)}\n\n${numbers.trimEnd()}\n\n${page.slice(to)}`;
}

function conditions({ runs, scale, loadBefore }: Circumstances): string {
  let revision = "no revision";
  try {
    revision = execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: repository, encoding: "utf8" }).trim();
  } catch {
    // Not a checkout: an unpacked package, say.
  }
  const cores = availableParallelism();
  const load =
    loadBefore > 0.5 ? ` The machine was not idle: load average ${loadBefore.toFixed(1)} before the first measurement.` : "";
  return (
    `${new Date().toISOString().slice(0, 10)}, revision ${revision}, Node ${process.versions.node}, ${cores} cores ` +
    `(${cpus()[0]?.model ?? "unknown"}, ${platform()} ${arch()}), ${runs === 1 ? "one run" : `medians of ${runs}`}` +
    `${scale === "full" ? "" : `, sizes for a look only (${scale})`}.${load}`
  );
}

function limits(results: readonly RowResult[]): string {
  const lines = results.map((result) => {
    const missed = judge(result).filter(({ holds }) => holds === false);
    const word = missed.length === 0 ? "" : ` **Missed**: ${missed.map(({ words }) => words).join("; ")}.`;
    return `- \`${result.row.name}\`: ${result.row.work}. ${result.row.limit}${word}`;
  });
  return `### What is done, and what the limit is\n\n${lines.join("\n")}\n`;
}
