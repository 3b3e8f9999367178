/**
 * Starts PostgreSQL, the real one, on a free port of loopback over a temporary directory. The server refuses to run as root, so
 * then it runs as `nobody`. It can be killed as by a power cut, stopped and started again over the same data.
 */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, chmodSync, rmSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

export interface PostgresServer {
  readonly port: number;
  /** As its superuser. */
  readonly connectionString: string;
  /** All of its processes die by SIGKILL at once; nothing is flushed. */
  kill(): Promise<void>;
  /** Open transactions are cut off, and recovered at the next start. */
  stopImmediately(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

const nobody = 65_534;

/** Where the server's programs are. Only CI installs them. @throws when they are missing and cannot be installed */
export async function findPostgres(): Promise<string> {
  const script = new URL("./install.sh", import.meta.url).pathname;
  const flags = process.env.CI === "true" ? [] : ["--installed"];
  const { stdout } = await promisify(execFile)(script, flags, { timeout: 300_000 });
  return stdout.trim();
}

export async function startPostgres(programs: string, settings: readonly string[] = []): Promise<PostgresServer> {
  const root = mkdtempSync(join(tmpdir(), "weir-postgres-"));
  const data = join(root, "data");
  const as = process.getuid!() === 0 ? { uid: nobody, gid: nobody } : {};
  mkdirSync(data);
  if ("uid" in as) for (const directory of [root, data]) chownSync(directory, nobody, nobody);
  chmodSync(data, 0o700);
  const options = { ...as, cwd: root, env: { ...process.env, HOME: root } };
  const flags = ["-D", data, "-U", "weir", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale", "C"];
  await promisify(execFile)(join(programs, "initdb"), flags, options);
  const port = await freePort();
  const parameters = [
    "listen_addresses=127.0.0.1",
    `port=${port}`,
    `unix_socket_directories=${root}`,
    "shared_buffers=16MB",
    ...settings,
  ];
  let child: ChildProcess | undefined;
  let exited: Promise<unknown> = Promise.resolve();

  const start = async (): Promise<void> => {
    let log = "";
    const started = spawn(join(programs, "postgres"), ["-D", data, ...parameters.flatMap((each) => ["-c", each])], {
      ...options,
      // A group of its own: killing the group kills the server's processes together.
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
    });
    child = started;
    exited = new Promise((resolve) => started.once("exit", resolve));
    started.stderr!.on("data", (chunk: Buffer) => (log += chunk.toString()));
    for (let tries = 0; tries < 600; tries++) {
      if (log.includes("database system is ready to accept connections")) return;
      if (started.exitCode !== null) throw new Error(`PostgreSQL ended with status ${started.exitCode}: ${log}`);
      await sleep(25);
    }
    throw new Error(`PostgreSQL is not ready: ${log}`);
  };
  const signal = async (group: boolean, name: NodeJS.Signals): Promise<void> => {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const children = group ? backends(child.pid) : [];
    process.kill(child.pid, name);
    for (const pid of children) {
      try {
        process.kill(pid, name);
      } catch {
        // Gone with its parent.
      }
    }
    await exited;
    // The next start refuses while a process of this one still holds the shared memory.
    for (const pid of children) while (alive(pid)) await sleep(10);
  };
  await start();
  return {
    port,
    connectionString: `postgres://weir@127.0.0.1:${port}/postgres`,
    kill: () => signal(true, "SIGKILL"),
    stopImmediately: () => signal(false, "SIGQUIT"),
    start,
    async close() {
      await signal(false, "SIGQUIT");
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** The server's processes call setsid, so a signal to its group would not reach them. */
function backends(parent: number): number[] {
  try {
    return readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
