/** Starts versitygw, a real S3 server, on a free port of loopback over a temporary directory; builds it first if need be. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createServer } from "node:net";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export interface S3Server {
  readonly endpoint: string;
  readonly env: Readonly<Record<string, string>>;
  /** Buckets that exist. */
  readonly buckets: readonly string[];
  /** Kills the server; what it has acknowledged is still there after `start`. */
  kill(): Promise<void>;
  /** Starts it again at the same address. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** @throws when it is not built and cannot be (no Go, no network) */
export async function buildVersitygw(): Promise<string> {
  const script = new URL("./build-versitygw.sh", import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(script, [], { timeout: 900_000 });
  return stdout.trim();
}

export async function startVersitygw(binary: string, buckets: readonly string[]): Promise<S3Server> {
  const root = await mkdtemp(join(tmpdir(), "weir-versitygw-"));
  const [data, sidecar] = [join(root, "data"), join(root, "sidecar")];
  // A directory is a bucket; metadata goes into the sidecar, as not every file system has extended attributes.
  for (const directory of [sidecar, ...buckets.map((bucket) => join(data, bucket))]) await mkdir(directory, { recursive: true });
  const port = await freePort();
  const flags = [
    "--access",
    "weir",
    "--secret",
    "weirweir",
    "--port",
    `127.0.0.1:${port}`,
    "--quiet",
    "posix",
    "--sidecar",
    sidecar,
    data,
  ];
  const endpoint = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  const kill = async (): Promise<void> => {
    const dying = child;
    child = undefined;
    if (dying === undefined || dying.exitCode !== null) return;
    const exited = new Promise((resolve) => dying.once("exit", resolve));
    dying.kill("SIGKILL");
    await exited;
  };
  const start = async (): Promise<void> => {
    child = spawn(binary, flags, { stdio: ["ignore", "ignore", "pipe"] });
    await answers(child, endpoint);
  };
  try {
    await start();
  } catch (error) {
    await kill();
    await rm(root, { recursive: true, force: true });
    throw error;
  }
  return {
    endpoint,
    env: { AWS_ACCESS_KEY_ID: "weir", AWS_SECRET_ACCESS_KEY: "weirweir" },
    buckets,
    kill,
    start,
    async close() {
      await kill();
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function answers(child: ChildProcess, endpoint: string): Promise<void> {
  let errors = "";
  child.stderr?.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  for (let tries = 0; tries < 200 && child.exitCode === null; tries += 1) {
    try {
      await fetch(endpoint);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`versitygw does not answer at ${endpoint}: ${errors}`);
}
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
