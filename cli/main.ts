/**
 * The command line, `weir`. Each command lives in its own file and is loaded when it is asked for, so that `weir run` does not
 * wait for the Kubernetes client. May import every room.
 */
import { Command, Option } from "commander";
import { createRequire } from "node:module";

// A flow's folder may lack a package.json; that it is a module is plain from its syntax.
const emitWarning = process.emitWarning.bind(process);
process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
  const options = rest[0] as { code?: string } | string | undefined;
  const code = typeof options === "object" ? options.code : (rest[1] as string | undefined);
  if (code === "MODULE_TYPELESS_PACKAGE_JSON") return;
  (emitWarning as (...all: unknown[]) => void)(warning, ...rest);
}) as typeof process.emitWarning;

const { version } = createRequire(import.meta.url)("../package.json") as { version: string };

const program = new Command("weir")
  .description("Stateful dataflows on Kubernetes, in TypeScript.")
  .version(version)
  .showHelpAfterError("(see --help)")
  .addHelpText(
    "after",
    `
Examples:
  weir run examples/wordcount/flow.ts                      one process, one worker
  weir run flow.ts -p 3 -r file:///tmp/state               three processes that keep their state
  weir graph flow.ts                                       the flow as a Mermaid diagram
  weir snapshot list file:///tmp/state                     what a store holds
  weir sandbox up                                          a Kubernetes API on this machine`,
  );

program
  .command("run")
  .description("run a flow to the end of its input")
  .argument("<module>", "path of the flow's module, with :name for an export other than the default")
  .option("-p, --processes <n>", "processes on this machine (WEIR_PROCESSES)")
  .option("-w, --workers <n>", "workers (threads) per process, default 1 (WEIR_THREADS)")
  .option("-i, --index <i>", "this process's place in --addresses, when others are started elsewhere (WEIR_INDEX)")
  .option("-a, --addresses <list>", "host:port of every process's mesh, comma-separated (WEIR_ADDRESSES)")
  .option(
    "-r, --recovery <url>",
    "store of the state: file:///dir, s3://bucket/prefix or azure://container/prefix (WEIR_RECOVERY_STORE)",
  )
  .option("--recovery-endpoint <url>", "endpoint of an S3-compatible or emulated store (WEIR_RECOVERY_ENDPOINT)")
  .option("--snapshot-interval <s>", "seconds between snapshots, default 10 (WEIR_SNAPSHOT_INTERVAL)")
  .option("--partitions <n>", "partitions of the state, fixed when a store is first used, default 128 (WEIR_PARTITIONS)")
  .option("--retain <n>", "snapshots that stay restorable, default 1 (WEIR_RETAIN)")
  .option("--from-epoch <n>", "resume from this retained snapshot instead of the newest (WEIR_RESTORE_EPOCH)")
  .option(
    "--from-store <url>",
    "take that snapshot, or the newest, from another store, which is left as it is (WEIR_RESTORE_STORE)",
  )
  .option("--keep-topology", "the number of processes that the store says wins over -p (WEIR_KEEP_TOPOLOGY)")
  .option("--allow-dropped-state", "resume though steps with state are gone from the flow (WEIR_ALLOW_DROPPED_STATE)")
  .option("--epoch <ms>", "length of an epoch in milliseconds, default 200; 0 = one per batch (WEIR_EPOCH_MS)")
  .option("--export <name>", 'export of the module, default "default" (WEIR_EXPORT)')
  .option("--param <name=value...>", "parameters of a flow that is exported as a function (WEIR_PARAMS, JSON)")
  .option(
    "--http-port <port>",
    "serve /status, /metrics, /livez and /readyz there; with -p, process i at this port + i (WEIR_HTTP_PORT)",
  )
  .option("--mesh-tls <dir>", "mutual TLS between processes, with ca.crt, tls.crt and tls.key in there (WEIR_MESH_TLS)")
  .option("--profile <dir>", "write a CPU profile of each worker, and print the share of time per step (WEIR_PROFILE)")
  .option("--bind <address>", "address the servers listen on, default all; with -p the mesh is on loopback (WEIR_BIND)")
  .action(async (module: string, flags: object) => (await import("./run.ts")).run(module, flags));

program
  .command("graph")
  .description("draw a flow without running it")
  .argument("<module>", "path of the flow's module")
  .addOption(new Option("--format <format>", "mermaid or json").default("mermaid").env("WEIR_FORMAT"))
  .option("--param <name=value...>", "parameters of a flow that is exported as a function (WEIR_PARAMS, JSON)")
  .action(async (module: string, flags: { format: string; param?: string[] }) => (await import("./graph.ts")).graph(module, flags));

const snapshot = program.command("snapshot").description("look at a recovery store, and change it offline");
const store = (command: Command): Command =>
  command
    .argument("<store>", "file:///dir, s3://bucket/prefix or azure://container/prefix")
    .option("--endpoint <url>", "endpoint of an S3-compatible or emulated store (WEIR_RECOVERY_ENDPOINT)");
store(snapshot.command("list").description("the snapshots that can be resumed from"))
  .option("--json", "as JSON")
  .action(async (url, flags) => (await import("./snapshot.ts")).list(url, flags));
store(snapshot.command("inspect").description("steps, keys and positions of a snapshot; checks all its files"))
  .option("--epoch <n>", "default: the newest")
  .option("--json", "as JSON")
  .action(async (url, flags) => (await import("./snapshot.ts")).inspect(url, flags));
store(snapshot.command("get").description("the value that a step keeps for a key"))
  .argument("<step>", "id of the step")
  .argument("<key>", "the key")
  .option("--epoch <n>", "default: the newest")
  .action(async (url, step, key, flags) => (await import("./snapshot.ts")).get(url, step, key, flags));
store(snapshot.command("repartition").description("rewrite the state for another number of partitions"))
  .argument("<partitions>", "the new number")
  .action(async (url, partitions, flags) => (await import("./snapshot.ts")).repartition(url, partitions, flags));
store(snapshot.command("delete").description("delete all state of the flow under this prefix"))
  .option("-y, --yes", "do not ask")
  .action(async (url, flags) => (await import("./snapshot.ts")).remove(url, flags));

const sandbox = program.command("sandbox").description("a Kubernetes API on this machine, for trying and testing");
sandbox
  .command("up")
  .description("start it and stay until Ctrl-C")
  .addOption(
    new Option("--directory <dir>", "where its objects, logs and kubeconfig are kept")
      .default(".weir/sandbox")
      .env("WEIR_SANDBOX_DIRECTORY"),
  )
  .addOption(new Option("--port <port>", "port of the API server; default: any that is free").env("WEIR_SANDBOX_PORT"))
  .addOption(new Option("--no-controller", "without Weir's controller").env("WEIR_SANDBOX_NO_CONTROLLER"))
  .action(async (flags) => (await import("./sandbox.ts")).up(flags));

// The Kubernetes client takes half a second to load: only who asks for the controller waits for it.
if (process.argv[2] === "controller") {
  process.once("disconnect", () => process.exit(1));
  program.addCommand((await import("../controller/main.ts")).controllerCommand());
} else program.command("controller").description("run the operator against a Kubernetes API (see weir controller --help)");

try {
  await program.parseAsync();
} catch (error) {
  const { explain } = await import("../runtime/host/report.ts");
  console.error(explain(error));
  process.exitCode = 1;
}
