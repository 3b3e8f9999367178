/** Starts Azurite's blob service as a child process on a free port of loopback, silent about itself to the outside. */
import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Azurite's own well-known account; no secret. */
const account = "devstoreaccount1";
const key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

export interface Azurite {
  readonly endpoint: string;
  readonly env: Readonly<Record<string, string>>;
  readonly connectionString: string;
  /** Ends the server in the midst of its requests, but lets it write its index: it acknowledges before it does, which no service would. */
  kill(): Promise<void>;
  /** Starts it again at the same address. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** In memory, unless it is to be killed and started again: then `onDisk`. */
export async function startAzurite(options: { readonly onDisk?: boolean } = {}): Promise<Azurite> {
  const directory = await mkdtemp(join(tmpdir(), "weir-azurite-"));
  const main = join(dirname(createRequire(import.meta.url).resolve("azurite/package.json")), "dist/src/blob/main.js");
  const flags = (port: number): string[] => [
    ...(options.onDisk === true ? ["--location", directory] : ["--inMemoryPersistence"]),
    "--skipApiVersionCheck",
    "--disableTelemetry",
    "--blobHost",
    "127.0.0.1",
    "--blobPort",
    String(port),
  ];
  let child: ChildProcess | undefined;
  const launch = (at: number): Promise<number> => {
    child = spawn(process.execPath, [main, ...flags(at)], { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
    return listeningPort(child);
  };
  const kill = async (): Promise<void> => {
    const dying = child;
    child = undefined;
    if (dying === undefined || dying.exitCode !== null) return;
    const exited = new Promise((resolve) => dying.once("exit", resolve));
    dying.kill(options.onDisk === true ? "SIGTERM" : "SIGKILL");
    await exited;
  };
  const port = await launch(0);
  const endpoint = `http://127.0.0.1:${port}/${account}`;
  return {
    endpoint,
    env: { AZURE_STORAGE_ACCOUNT: account, AZURE_STORAGE_KEY: key },
    connectionString: `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${key};BlobEndpoint=${endpoint};`,
    kill,
    async start() {
      await launch(port);
    },
    async close() {
      await kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function listeningPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let output = "";
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      const match = /successfully listen\w* on http:\/\/[^:]+:(\d+)/.exec(output);
      if (match !== null) resolve(Number(match[1]));
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("exit", (code) => reject(new Error(`azurite ended with code ${code}: ${output}`)));
  });
}
