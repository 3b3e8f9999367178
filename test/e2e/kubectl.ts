/** Runs the real kubectl as people do, in one namespace. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Kubectl {
  /** What it prints; fails when it fails. */
  good(args: string, input?: string, environment?: Record<string, string>): Promise<string>;
  /** What it complains of; fails when it does not. */
  bad(args: string, input?: string): Promise<string>;
  /** Starts it to go on printing; what it has printed so far is in `out`. */
  follow(args: string): { readonly out: () => string; end(): void };
  close(): void;
}

const longest = 120_000;

/** `args` are split at spaces: quote nothing. `program` is the path of a kubectl. */
export function createKubectl(program: string, kubeconfig: string, namespace: string): Kubectl {
  const home = mkdtempSync(join(tmpdir(), "kubectl-"));
  const start = (args: string, environment: Record<string, string> = {}): ChildProcess =>
    spawn(program, ["--namespace", namespace, ...args.split(" ")], {
      env: { PATH: process.env.PATH, HOME: home, KUBECONFIG: kubeconfig, ...environment },
      timeout: longest,
    });
  const run = (args: string, input: string, environment?: Record<string, string>) =>
    new Promise<{ status: number | null; out: string; error: string }>((done, fail) => {
      const child = start(args, environment);
      let out = "";
      let error = "";
      child.stdout?.on("data", (chunk: Buffer) => (out += chunk.toString()));
      child.stderr?.on("data", (chunk: Buffer) => (error += chunk.toString()));
      child.once("error", fail);
      child.once("close", (status) => done({ status, out, error }));
      child.stdin?.end(input);
    });
  const followed = new Set<ChildProcess>();
  return {
    async good(args, input = "", environment) {
      const { status, out, error } = await run(args, input, environment);
      if (status !== 0) throw new Error(`kubectl ${args} ended with ${status}: ${error}${out}`);
      return out.trim();
    },
    async bad(args, input = "") {
      const { status, out, error } = await run(args, input);
      if (status === 0) throw new Error(`kubectl ${args} should have been refused: ${out}`);
      return error.trim();
    },
    follow(args) {
      const child = start(args);
      followed.add(child);
      let out = "";
      child.stdout?.on("data", (chunk: Buffer) => (out += chunk.toString()));
      return {
        out: () => out,
        end() {
          followed.delete(child);
          child.kill("SIGTERM");
        },
      };
    },
    close() {
      for (const child of followed) child.kill("SIGKILL");
      rmSync(home, { recursive: true, force: true });
    },
  };
}
