/**
 * Runs the API server as a child process and keeps it running: one that ends without being asked to is started again on the same
 * port and directory. Invariant: at most one child at a time.
 */
import { fork, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import type { FaultRule } from "./apiserver/index.ts";
import type { FromServer, ToServer } from "./apiserver-process.ts";
import { pause } from "./client/index.ts";

export interface ApiServerChild {
  readonly url: string;
  readonly kubeconfig: string;
  readonly token: string;
  readonly faults: {
    add(rule: FaultRule): Promise<void>;
    clear(): Promise<void>;
    compact(): Promise<void>;
    cutWatches(options?: { expire?: boolean }): Promise<void>;
  };
  /** SIGKILL; it stays away until `start`. */
  kill(): Promise<void>;
  /** SIGKILL; it comes back as after any other death. */
  crash(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface ApiServerChildOptions {
  readonly directory: string;
  readonly port?: number | undefined;
  readonly log: (message: string) => void;
}

const program = join(import.meta.dirname, "apiserver-process.ts");

/** Rejects with the server's own message when it cannot start. */
export async function startApiServerChild(options: ApiServerChildOptions): Promise<ApiServerChild> {
  let child: ChildProcess | undefined;
  let wanted = true;
  let stopped = false;
  let address = { url: "", kubeconfig: "", token: "" };
  let exited: Promise<void> = Promise.resolve();

  const launch = (): Promise<void> => {
    const started = fork(program, { detached: true, execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] });
    child = started;
    exited = new Promise((done) => started.once("exit", () => done()));
    const port = address.url === "" ? options.port : Number(new URL(address.url).port);
    started.send({ start: { directory: options.directory, ...(port === undefined ? {} : { port }) } } satisfies ToServer);
    return new Promise((done, fail) => {
      let up = false;
      started.on("message", (raw) => {
        const message = raw as FromServer;
        if ("url" in message) {
          address = message;
          up = true;
          done();
        } else if ("failed" in message) fail(new Error(`the sandbox's API server did not start: ${message.failed}`));
        else if ("error" in message) options.log(`API server: ${message.error}`);
      });
      started.once("error", fail);
      started.once("exit", (code, signal) => {
        if (child === started) child = undefined;
        if (!up) return fail(new Error(`the sandbox's API server ended as it started (${signal ?? `status ${code}`})`));
        if (!wanted || stopped) return undefined;
        options.log(`the API server ended (${signal ?? `status ${code}`}) and is started again`);
        return void revive();
      });
    });
  };
  const revive = async (): Promise<void> => {
    for (let attempt = 0; wanted && !stopped; attempt++) {
      await pause(Math.min(5000, 200 * 2 ** attempt));
      if (!wanted || stopped || child !== undefined) return;
      try {
        return await launch();
      } catch (error) {
        options.log(String(error));
      }
    }
  };
  const ask = (message: ToServer): Promise<void> => {
    const target = child;
    if (target === undefined) return Promise.reject(new Error("the sandbox's API server is not running"));
    return new Promise((done) => {
      const listen = (answer: unknown): void => {
        if (!("done" in (answer as object))) return;
        target.off("message", listen);
        done();
      };
      target.on("message", listen);
      target.send(message);
    });
  };

  await launch();
  return {
    get url() {
      return address.url;
    },
    get kubeconfig() {
      return address.kubeconfig;
    },
    get token() {
      return address.token;
    },
    faults: {
      add: (rule) => ask({ fault: "add", rule }),
      clear: () => ask({ fault: "clear" }),
      compact: () => ask({ fault: "compact" }),
      cutWatches: ({ expire = false } = {}) => ask({ fault: "cutWatches", expire }),
    },
    async kill() {
      wanted = false;
      child?.kill("SIGKILL");
      await exited;
    },
    async crash() {
      child?.kill("SIGKILL");
      await exited;
    },
    async start() {
      if (child !== undefined) return;
      wanted = true;
      await launch();
    },
    async stop() {
      stopped = true;
      const target = child;
      if (target === undefined) return;
      target.send({ close: true } satisfies ToServer);
      const timer = setTimeout(() => target.kill("SIGKILL"), 3000);
      await exited;
      clearTimeout(timer);
    },
  };
}
