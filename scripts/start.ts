/**
 * `npm start`: a Kubernetes on this machine, the Dataflow resource, the controller, and the flights example on it: lag grows, the
 * autoscaler adds workers, one is killed half-way, and the results are exact. `--exit` ends by itself when the flow is done,
 * `--results DIR` says where the results go.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { apply, dataflows, startWeirSandbox } from "../cli/weir-sandbox.ts";
import { follow } from "./start/follow.ts";
import { printWorstDays } from "./start/table.ts";
import type { Dataflow } from "./start/types.ts";

const { values: flags } = parseArgs({
  options: {
    exit: { type: "boolean" },
    results: { type: "string" },
    directory: { type: "string" },
    "no-kill": { type: "boolean" },
    help: { type: "boolean", short: "h" },
  },
});
if (flags.help === true) {
  console.log(
    "npm start -- [--exit] [--results DIR] [--directory DIR] [--no-kill]\n\n  --exit        end when the flow is complete, with status 0 when it is\n  --results     where DIR/*.jsonl go\n  --directory   where the sandbox keeps its objects (default: a temporary directory)\n  --no-kill     do not kill a worker half-way",
  );
  process.exit(0);
}

const checkout = fileURLToPath(new URL("..", import.meta.url));
const temporary = flags.directory === undefined;
const directory = temporary ? mkdtempSync(join(tmpdir(), "weir-")) : resolve(flags.directory!);
const results = resolve(flags.results ?? join(directory, "results"));
const startedAt = performance.now();
const say = (line: string): void => console.log(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(5)} s  ${line}`);

say("starting a Kubernetes API on this machine");
const running = await startWeirSandbox({ directory });
let stopping: Promise<void> | undefined;
const stop = (): Promise<void> =>
  (stopping ??= running.stop().finally(() => {
    if (temporary) rmSync(directory, { recursive: true, force: true });
  }));
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    console.log("\nstopping …");
    void stop().then(() => process.exit(flags.exit === true ? 130 : 0));
  });
}

try {
  const manifest = parse(readFileSync(join(checkout, "examples/flights/flow.yaml"), "utf8")) as Dataflow;
  // The example's file names places under /tmp; here each run has its own.
  manifest.spec.params = { ...manifest.spec.params, results: join(directory, "output") };
  manifest.spec.recovery = { ...manifest.spec.recovery!, store: `file://${join(directory, "state")}` };
  mkdirSync(join(directory, "output"), { recursive: true });
  say(`applying ${relative(process.cwd(), join(checkout, "examples/flights/flow.yaml"))}`);
  await apply(running.client, dataflows, manifest);

  const report = await follow(running, { name: manifest.metadata.name, kill: flags["no-kill"] !== true, say });
  mkdirSync(results, { recursive: true });
  cpSync(join(directory, "output"), results, { recursive: true });
  console.log();
  for (const line of report) console.log(`  ${line}`);
  console.log();
  printWorstDays(results);
  if (flags.exit === true) {
    await stop();
    process.exit(0);
  }
  console.log(`
The sandbox stays up until Ctrl-C. In another terminal:

  export KUBECONFIG=${running.kubeconfig}
  kubectl get dataflows -o wide
  kubectl describe df flights
  kubectl get events --field-selector involvedObject.name=flights
  kubectl explain dataflow.spec.autoscaling
  kubectl delete df flights
`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.error(`The controller's log: ${running.controllerLog}`);
  if (process.env.WEIR_KEEP === undefined) await stop();
  process.exit(1);
}
