/** Where the benchmarks keep what they make or fetch: texts, peers' programs, other revisions. Can be deleted at any time. */
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const repository = fileURLToPath(new URL("..", import.meta.url));

/** `$WEIR_BENCH_CACHE`, or `.weir/bench` in the repository. */
export function cache(): string {
  const directory = resolve(process.env.WEIR_BENCH_CACHE ?? `${repository}/.weir/bench`);
  mkdirSync(directory, { recursive: true });
  return directory;
}
