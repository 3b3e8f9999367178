/**
 * `weir controller`: the operator as a program. Runs alone as `node controller/main.ts --kubeconfig FILE [--namespace NAME]`.
 * Ends with status 0 on SIGTERM and SIGINT, and with 1 when it can't start or has lost its lease.
 */
import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError, Option } from "commander";
import { runController } from "./manager.ts";

export { runController } from "./manager.ts";
export type { ControllerOptions } from "./options.ts";

interface Flags {
  kubeconfig?: string;
  namespace: string[];
  runtimeImage?: string;
  leaderElect: boolean;
  leaseNamespace?: string;
  leaseDuration: number;
  healthPort: number;
  concurrency: number;
  pollInterval: number;
  statusInterval: number;
  unhealthyAfter: number;
  networkPolicy: boolean;
  logLevel: string;
}

/** The command, for the program of its own and for mounting into a larger one. */
export function controllerCommand(): Command {
  const option = (flags: string, description: string, name: string) =>
    new Option(flags, description).env(`WEIR_CONTROLLER_${name}`);
  const number = (text: string) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("It must be a whole number, 0 or more.");
    return value;
  };
  return new Command("controller")
    .description("Look after the Dataflows of a cluster")
    .addOption(
      option("--kubeconfig <file>", "kubeconfig; default: $KUBECONFIG, ~/.kube/config or the pod's service account", "KUBECONFIG"),
    )
    .addOption(
      option("--namespace <name>", "look after this namespace only; may be repeated", "NAMESPACE")
        .argParser((value: string, before: string[]) => [...before, ...value.split(",").filter((name) => name !== "")])
        .default([], "all"),
    )
    .addOption(option("--runtime-image <image>", "image of workers whose spec names none", "RUNTIME_IMAGE"))
    .addOption(option("--no-leader-elect", "do not take a lease: this is the only controller", "NO_LEADER_ELECT"))
    .addOption(option("--lease-namespace <name>", "namespace of the lease; default: $POD_NAMESPACE", "LEASE_NAMESPACE"))
    .addOption(
      option("--lease-duration <ms>", "time after which another controller takes a silent leader's place", "LEASE_DURATION")
        .argParser(number)
        .default(15_000),
    )
    .addOption(
      option("--health-port <port>", "port of /healthz, /readyz and /metrics; 0 = any", "HEALTH_PORT")
        .argParser(number)
        .default(8081),
    )
    .addOption(option("--concurrency <n>", "resources worked on at the same time", "CONCURRENCY").argParser(number).default(8))
    .addOption(
      option("--poll-interval <ms>", "time between looks at a running flow", "POLL_INTERVAL").argParser(number).default(2000),
    )
    .addOption(
      option("--status-interval <ms>", "time between status writes that only change numbers", "STATUS_INTERVAL")
        .argParser(number)
        .default(3000),
    )
    .addOption(
      option("--unhealthy-after <ms>", "restart a flow that is not ready for this long", "UNHEALTHY_AFTER")
        .argParser(number)
        .default(120_000),
    )
    .addOption(option("--network-policy", "make a NetworkPolicy for each flow", "NETWORK_POLICY").default(false))
    .addOption(option("--log-level <level>", "trace, debug, info, warn, error or silent", "LOG_LEVEL").default("info"))
    .action(async (flags: Flags) => {
      const stop = new AbortController();
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
      const { namespace, leaderElect, kubeconfig, runtimeImage, leaseNamespace, ...rest } = flags;
      await runController({
        ...rest,
        namespaces: namespace,
        leaderElection: leaderElect,
        ...(kubeconfig === undefined ? {} : { kubeconfig }),
        ...(runtimeImage === undefined ? {} : { runtimeImage }),
        ...(leaseNamespace === undefined ? {} : { leaseNamespace }),
        signal: stop.signal,
      });
    });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await controllerCommand().parseAsync();
    process.exit(0);
  } catch (error) {
    console.error(`weir controller: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}
