/** Leaves the results of a run behind: bench/results/*.md always; docs/performance.md and its pictures when asked. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch, availableParallelism, cpus, platform } from "node:os";
import { join } from "node:path";
import { repository } from "../cache.ts";
import { judge, type RowResult } from "../results.ts";
import type { Scale } from "../row.ts";
import { scalingPicture } from "../scaling/picture.ts";
import { type Scaled, scalingMarkdown, verdicts } from "../scaling/report.ts";
import { limits } from "./limits.ts";
import { picture } from "./picture.ts";
import { clock } from "./progress.ts";
import { markdownTable } from "./table.ts";

export interface Circumstances {
  readonly runs: number;
  readonly scale: Scale;
  /** Load average of the last minute before the first measurement: what else the machine was doing. */
  readonly loadBefore: number;
  readonly tookMs: number;
  readonly save: boolean;
  /** By row: where the time of a flow goes. */
  readonly profiles: ReadonlyMap<string, string>;
}

/** Says what was written. */
export function write(results: readonly RowResult[], circumstances: Circumstances): string {
  const { runs, loadBefore, tookMs } = circumstances;
  const medians = runs === 1 ? "one run" : `medians of ${runs} runs${runs > 3 ? " or, once a row has taken 50 s, of fewer" : ""}`;
  const body = `${conditions(circumstances.scale)}, ${medians}; ${clock(tookMs)} minutes in all.${busy(loadBefore)}\n\n${markdownTable(results)}\n`;
  const latest = writeLatest("latest.md", `# Benchmarks\n\n${body}`);
  if (!circumstances.save) return `written: ${latest}`;
  const missed = results.flatMap((result) =>
    judge(result)
      .filter(({ holds }) => holds === false)
      .map(({ words }) => `\`${result.row.name}\`: ${words}`),
  );
  const goals = missed.length === 0 ? "No goal was missed." : `Missed goals: ${missed.join("; ")}.`;
  const written = writePage(
    "numbers",
    `${body}\n${goals}\n\n${limits(results, circumstances.profiles)}`,
    "performance.svg",
    picture(results),
  );
  return `written: ${latest}, ${written}`;
}

/** Says what was written. */
export function writeScaling(
  scaled: readonly Scaled[],
  { scale, save, tookMs, loadBefore }: Pick<Circumstances, "scale" | "save" | "tookMs" | "loadBefore">,
): string {
  const sections = scaled.map(
    (one) =>
      `### ${one.table.name}\n\nAt each size: ${one.table.work}.\n\n${scalingMarkdown(one)}\n\n${verdicts(one).join("\n")}\n`,
  );
  const body = `${conditions(scale)}; ${clock(tookMs)} minutes in all.${busy(loadBefore)}\n\n${sections.join("\n")}`;
  const latest = writeLatest("scaling.md", `# How cost grows\n\n${body}`);
  return save ? `written: ${latest}, ${writePage("scaling", body, "scaling.svg", scalingPicture(scaled))}` : `written: ${latest}`;
}

function writeLatest(name: string, text: string): string {
  mkdirSync(join(repository, "bench/results"), { recursive: true });
  writeFileSync(join(repository, "bench/results", name), text);
  return `bench/results/${name}`;
}

function writePage(part: Part, text: string, image: string, svg: string): string {
  writeFileSync(page, replacePart(readFileSync(page, "utf8"), part, text));
  mkdirSync(join(repository, "docs/images"), { recursive: true });
  writeFileSync(join(repository, "docs/images", image), svg);
  return `docs/performance.md, docs/images/${image}`;
}

const page = join(repository, "docs/performance.md");

/** Before anything is measured for it. @throws Error when the page has lost its marks */
export const checkPage = (part: Part): void => void replacePart(readFileSync(page, "utf8"), part, "");

type Part = "numbers" | "scaling";
const marks: Readonly<Record<Part, readonly [begin: string, end: string]>> = {
  numbers: ["<!-- numbers: written by `npm run bench -- --peers --save` -->", "<!-- end of numbers -->"],
  scaling: ["<!-- scaling: written by `npm run bench -- scaling --save` -->", "<!-- end of scaling -->"],
};

/** What people wrote around the part stays. @throws Error when the page has lost its marks */
export function replacePart(old: string, part: Part, text: string): string {
  const [begin, end] = marks[part];
  const from = old.indexOf(begin);
  const to = old.indexOf(end);
  if (from < 0 || to < from) throw new Error(`docs/performance.md needs the lines ${begin} and ${end}`);
  return `${old.slice(0, from + begin.length)}\n\n${text.trimEnd()}\n\n${old.slice(to)}`;
}

const busy = (loadBefore: number): string =>
  loadBefore > 0.5 ? ` The machine was not idle: load average ${loadBefore.toFixed(1)} before the first measurement.` : "";

function conditions(scale: Scale): string {
  let revision = "no revision";
  try {
    revision = execFileSync("git", ["rev-parse", "--short", "HEAD"], {
      cwd: repository,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    // Not a checkout: an unpacked package, say.
  }
  return (
    `${new Date().toISOString().slice(0, 10)}, revision ${revision}, Node ${process.versions.node}, ${availableParallelism()} cores ` +
    `(${cpus()[0]?.model ?? "unknown"}, ${platform()} ${arch()})${scale === "full" ? "" : `, sizes for a look only (${scale})`}`
  );
}
