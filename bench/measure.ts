/** Starts the process of a measurement and reads what it says. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { repository } from "./cache.ts";
import type { Measurement, Scale } from "./row.ts";

/** `root`: whose bench and runtime, default this repository's. Rejects with what the process said when it fails. */
export async function measure(row: string, variant: string, scale: Scale, root = repository): Promise<Measurement> {
  const output = await run(process.execPath, [join(root, "bench/measured.ts"), row, variant, scale], root, `${row}, ${variant}`);
  return lastLine(output) as Measurement;
}

/** `env` comes on top of ours. */
export function run(
  command: string,
  args: readonly string[],
  cwd: string,
  what: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, [...args], { cwd, maxBuffer: 1 << 26, env: { ...process.env, ...env } }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${what} failed: ${firstLines(stderr) || error.message}`));
    });
  });
}

/** What went wrong stands above its stack. */
const firstLines = (text: string): string => text.trim().split("\n").slice(0, 8).join("\n");

/** Programs may print what they like, as long as the last line is their result. */
export function lastLine(output: string): unknown {
  return JSON.parse(output.trimEnd().split("\n").at(-1) ?? "");
}
