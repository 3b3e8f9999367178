/**
 * The sandbox with Weir in it: a Kubernetes API on this machine, the Dataflow resource, and the controller as a process of its
 * own. Weir's image stands for this very checkout.
 */
import { type ChildProcess, fork } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { WeirError } from "../runtime/errors/index.ts";
import { type Client, createClient, loadKubeconfig, resourcePath, type Resource } from "../sandbox/client/index.ts";
import { type Sandbox, startSandbox } from "../sandbox/index.ts";

export interface WeirSandbox {
  readonly sandbox: Sandbox;
  readonly client: Client;
  readonly kubeconfig: string;
  readonly controllerLog: string;
  /** The controller's process; starts again when it dies. */
  readonly controller: () => ChildProcess | undefined;
  stop(): Promise<void>;
}
export interface WeirSandboxOptions {
  readonly directory: string;
  readonly port?: number;
  readonly controller?: boolean;
  readonly log?: (message: string) => void;
}

export const dataflows: Resource = {
  group: "weir.dev",
  version: "v1alpha1",
  plural: "dataflows",
  kind: "Dataflow",
  namespaced: true,
};

const checkout = fileURLToPath(new URL("..", import.meta.url));
const command = join(checkout, "bin/weir.js");

export async function startWeirSandbox(options: WeirSandboxOptions): Promise<WeirSandbox> {
  const directory = resolve(options.directory);
  mkdirSync(directory, { recursive: true });
  const sandbox = await startSandbox({
    directory,
    images: [
      {
        pattern: "ghcr.io/weir-dev/weir*",
        entrypoint: [process.execPath, command],
        cwd: checkout,
        paths: { "/app": checkout.replace(/\/$/, "") },
      },
    ],
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.log === undefined ? {} : { log: options.log }),
  });
  const client = createClient(loadKubeconfig(sandbox.kubeconfig), "weir");
  const controllerLog = join(directory, "controller.log");
  let controller: ChildProcess | undefined;
  let stopping = false;
  const startController = (): void => {
    const out = openSync(controllerLog, "a");
    controller = fork(
      command,
      [
        "controller",
        "--kubeconfig",
        sandbox.kubeconfig,
        "--health-port",
        "0",
        "--poll-interval",
        "500",
        "--status-interval",
        "1000",
        "--no-leader-elect",
      ],
      // The channel tells it when this process is gone, whatever ended it.
      { execArgv: [], stdio: ["ignore", out, out, "ipc"], env: { ...process.env, ...sandbox.environment } },
    );
    closeSync(out);
    controller.once("exit", () => {
      if (!stopping) setTimeout(() => stopping || startController(), 500).unref();
    });
  };
  try {
    await installResource(client);
    if (options.controller !== false) startController();
  } catch (error) {
    await sandbox.stop();
    throw error;
  }
  return {
    sandbox,
    client,
    kubeconfig: sandbox.kubeconfig,
    controllerLog,
    controller: () => controller,
    async stop() {
      stopping = true;
      controller?.kill("SIGTERM");
      client.close();
      await sandbox.stop();
    },
  };
}

/** Applies the Dataflow resource and waits until the API serves it. */
async function installResource(client: Client): Promise<void> {
  const crd = parse(readFileSync(join(checkout, "crds/weir.dev_dataflows.yaml"), "utf8")) as { metadata: { name: string } };
  const crds: Resource = {
    group: "apiextensions.k8s.io",
    version: "v1",
    plural: "customresourcedefinitions",
    kind: "CustomResourceDefinition",
    namespaced: false,
  };
  await apply(client, crds, crd);
  for (let tries = 0; tries < 100; tries++) {
    const found = await client.get<{ metadata: { name: string }; status?: { conditions?: { type: string; status: string }[] } }>(
      crds,
      crd.metadata.name,
    );
    if (found.status?.conditions?.some(({ type, status }) => type === "Established" && status === "True") === true) return;
    await sleep(50);
  }
  throw new WeirError("WEIR_KUBERNETES", "the API server did not establish the Dataflow resource");
}

/** Server-side apply, as `kubectl apply --server-side` does. */
export async function apply(
  client: Client,
  resource: Resource,
  object: { metadata: { name: string; namespace?: string } },
): Promise<void> {
  await client.request("PATCH", resourcePath(resource, object.metadata.namespace ?? "default", object.metadata.name), {
    contentType: "application/apply-patch+yaml",
    query: { fieldManager: "weir", force: true },
    body: object,
  });
}
