/**
 * Another revision of this repository to run the same rows on: a work tree in the cache with our dependencies, and with the benchmarks
 * of now, so that both sides do the same work.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { cache, repository } from "./cache.ts";

const git = (...args: string[]): string => execFileSync("git", args, { cwd: repository, encoding: "utf8" }).trim();

/** The work tree's directory. @throws Error when there is no such revision */
export function checkOut(revision: string): string {
  let commit: string;
  try {
    commit = git("rev-parse", "--verify", "--quiet", `${revision}^{commit}`);
  } catch (cause) {
    throw new Error(`there is no revision ${revision}`, { cause });
  }
  const directory = join(cache(), `revision-${commit.slice(0, 12)}`);
  if (!existsSync(join(directory, "package.json"))) {
    git("worktree", "prune");
    git("worktree", "add", "--detach", "--force", directory, commit);
    symlinkSync(join(repository, "node_modules"), join(directory, "node_modules"), "dir");
  }
  rmSync(join(directory, "bench"), { recursive: true, force: true });
  cpSync(join(repository, "bench"), join(directory, "bench"), {
    recursive: true,
    filter: (path) => !/[/\\](peers|results)$/.test(path),
  });
  return directory;
}
