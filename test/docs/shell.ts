/**
 * Runs the shell blocks of a page, one after the other, as a reader would type them: from the repository's root, with what an
 * earlier block exported. The root is a folder of links to the real one, and paths under /tmp/weir… are led elsewhere, so that
 * nothing of a developer's own is read or left behind (but for /tmp/weir-thermometers, which an example's file names). What a
 * background block started is ended with the page.
 *
 * Options of a mark: `interrupt: 2s after FILE` (Ctrl-C that long after FILE has come to be), `until: TEXT` (Ctrl-C when TEXT was
 * printed), `background: TEXT` (goes on; the next block waits until TEXT was printed), `in: clone` (in a fresh clone of HEAD),
 * `status: 1` (is to end with that).
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Block } from "./markdown.ts";

export interface Shell {
  /** What the block printed on both streams. Rejects when it fails, or does not print what its mark waits for. */
  run(block: Block): Promise<string>;
  close(): Promise<void>;
}

export function openShell(timeoutMs: number): Shell {
  const scratch = mkdtempSync(join(tmpdir(), "weir-docs-"));
  const environment = join(scratch, "environment");
  const background: ChildProcess[] = [];
  let clone: string | undefined;
  const root = join(scratch, "root");
  mkdirSync(root);
  for (const name of readdirSync(".")) if (!name.startsWith(".")) symlinkSync(resolve(name), join(root, name));
  const folderFor = (where: string | undefined): string => {
    if (where === undefined) return root;
    if (clone === undefined) {
      clone = join(scratch, "clone");
      execFileSync("git", ["clone", "--quiet", "--local", resolve("."), clone]);
    }
    return clone;
  };

  return {
    run({ page, line, text, mark }) {
      const options = mark?.options ?? new Map<string, string>();
      const led = (words: string): string => words.replaceAll(/\/tmp\/weir(?!-thermometers)/g, join(scratch, "weir"));
      const carried = existsSync(environment) ? `source ${environment}\n` : "";
      const child = spawn(
        "bash",
        ["-euo", "pipefail", "-c", `${carried}trap "export -p | grep -vE ' (OLD)?PWD=' > ${environment}" EXIT\n${led(text)}`],
        {
          cwd: folderFor(options.get("in")),
          detached: true,
          stdio: ["ignore", "pipe", "pipe"],
          env: { ...process.env, NODE_OPTIONS: "", npm_config_update_notifier: "false" },
        },
      );
      const awaited = options.get("until") ?? options.get("background");
      const goesOn = options.has("background");
      const where = `${page}:${line}`;
      return new Promise((resolveRun, reject) => {
        let printed = "";
        let interrupted = false;
        const deadline = setTimeout(() => {
          signal(child, "SIGKILL");
          reject(new Error(`${where} did not end within ${timeoutMs} ms:\n${printed}`));
        }, timeoutMs);
        const stop = (): void => {
          interrupted = true;
          signal(child, "SIGINT");
        };
        const [, seconds, file] = /^(\d+)s after (\S+)$/.exec(options.get("interrupt") ?? "") ?? [];
        const watch = setInterval(() => {
          if (file === undefined || !existsSync(led(file))) return;
          clearInterval(watch);
          setTimeout(stop, Number(seconds) * 1000).unref();
        }, 50);
        const read = (data: Buffer): void => {
          printed += data.toString();
          if (awaited === undefined || interrupted || !printed.includes(awaited)) return;
          if (!goesOn) return stop();
          interrupted = true;
          background.push(child);
          clearTimeout(deadline);
          resolveRun(printed);
        };
        child.stdout.on("data", read);
        child.stderr.on("data", read);
        child.on("close", (code, by) => {
          clearTimeout(deadline);
          clearInterval(watch);
          if (options.has("interrupt") && !interrupted) reject(new Error(`${where} ended before it was interrupted:\n${printed}`));
          if (awaited !== undefined && !interrupted) reject(new Error(`${where} ended without printing "${awaited}":\n${printed}`));
          else if (interrupted || code === 0 || String(code) === options.get("status")) resolveRun(printed);
          else reject(new Error(`${where} ended with ${by ?? `status ${code}`}:\n${printed}`));
        });
      });
    },
    async close() {
      await Promise.all(
        background.map(async (child) => {
          if (child.exitCode !== null || child.signalCode !== null) return;
          const gone = new Promise((done) => child.once("close", done));
          signal(child, "SIGINT");
          const timer = setTimeout(() => signal(child, "SIGKILL"), 20_000);
          await gone;
          clearTimeout(timer);
        }),
      );
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

/** To the child and all that it started in its process group, as a terminal does it. */
function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
