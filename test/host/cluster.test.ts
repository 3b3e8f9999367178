/** What `weir run -p` does about members that end. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Cluster, startCluster } from "../../runtime/host/cluster.ts";
import { memberArguments } from "../../runtime/host/run.ts";
import { expectSteady, steadyModule } from "./killing.ts";

let directory: string;
let cluster: Cluster | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "weir-cluster-"));
  cluster = undefined;
});
afterEach(() => {
  for (const member of cluster?.members ?? []) member.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

/** `code` runs in each member, which knows its `index`. */
function flowWith(code: string, items = "[1, 2, 3]"): string {
  const path = join(directory, "flow.ts");
  writeFileSync(
    path,
    `import { Dataflow } from "weir"; import { PAUSE, testSource, testSink } from "weir/testing";
const index = Number(process.argv[process.argv.indexOf("--index") + 1]);
${code}
const flow = new Dataflow("flow"); flow.input("in", testSource(${items})).output("out", testSink([])); export default flow;`,
  );
  return path;
}
const durable = () => ({ recovery: `file://${directory}/store`, snapshotInterval: "0.2", epoch: "40" });
const start = (module: string, flags: object, restart: boolean) =>
  startCluster({ processes: 2, args: memberArguments(module, flags), restart, stdio: "ignore" });

test("a member that dies when the flow is complete is not awaited", { timeout: 30_000 }, async () => {
  const module = flowWith(`if (index === 1) process.on("exit", () => process.kill(process.pid, "SIGKILL"));`);
  cluster = await start(module, durable(), true);
  await cluster.finished;
});

test("a member that somebody asks to go comes back, and the flow goes on", { timeout: 60_000 }, async () => {
  const flags = { ...durable(), param: [`directory=${directory}`, "items=300", "keys=10", "paceMs=40"] };
  cluster = await start(steadyModule, flags, true);
  const first = cluster.members[1]!;
  await new Promise((resolve) =>
    first.on("message", (report: any) => report.kind === "status" && report.status.epoch > 5 && resolve(0)),
  );
  first.kill("SIGTERM");
  await cluster.finished;
  expect(cluster.members[1]).not.toBe(first);
  expectSteady(directory, { items: 300, keys: 10 });
});

test("a member that dies again and again ends the flow with a reason", { timeout: 60_000 }, async () => {
  cluster = await start(flowWith(`if (index === 1) process.exit(7);`), durable(), true);
  await expect(cluster.finished).rejects.toMatchObject({
    code: "WEIR_PEER_LOST",
    message: "process 1 ended with status 7 6 times in a row",
  });
});

test("without a store the first death ends the flow", { timeout: 30_000 }, async () => {
  cluster = await start(
    flowWith(`if (index === 1) setTimeout(() => process.kill(process.pid, "SIGKILL"), 200);`, "[new PAUSE(60000)]"),
    {},
    false,
  );
  await expect(cluster.finished).rejects.toMatchObject({ code: "WEIR_PEER_LOST", message: "process 1 ended with SIGKILL" });
});

test("members speak to each other over mutual TLS when they are given certificates", { timeout: 60_000 }, async () => {
  const meshTls = fileURLToPath(new URL("../timely/communication/websocket/certificates/ours", import.meta.url));
  const flags = { meshTls, epoch: "40", param: [`directory=${directory}`, "items=50", "keys=10", "paceMs=1"] };
  cluster = await start(steadyModule, flags, false);
  await cluster.finished;
  expectSteady(directory, { items: 50, keys: 10 });
});
