import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startFakeApiServer, type FakeApiServer } from "./fakes/api-server.ts";

const main = fileURLToPath(new URL("../../controller/main.ts", import.meta.url));
let directory: string;
let server: FakeApiServer;
let kubeconfig: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "weir-controller-"));
  server = await startFakeApiServer();
  kubeconfig = join(directory, "kubeconfig");
  await writeFile(kubeconfig, server.config.exportConfig());
});
afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true });
});

const run = (args: string[], stopAfter?: (output: string) => boolean) =>
  new Promise<{ code: number | null; output: string }>((resolve) => {
    let output = "";
    let stopping = false;
    const child = execFile(process.execPath, [main, ...args], { env: { PATH: process.env.PATH, HOME: directory } });
    const take = (text: string) => {
      output += text;
      if (stopping || stopAfter?.(output) !== true) return;
      stopping = true;
      child.kill("SIGTERM");
    };
    child.stdout!.on("data", take);
    child.stderr!.on("data", take);
    child.on("exit", (code) => resolve({ code, output }));
  });

test("runs alone until SIGTERM, and gives its lease back", async () => {
  const { code, output } = await run(["--kubeconfig", kubeconfig, "--health-port", "0", "--namespace", "default"], (text) =>
    text.includes("controller started"),
  );
  expect([code, output.includes("controller stopped")]).toEqual([0, true]);
  expect(server.list("/apis/coordination.k8s.io/v1/leases")[0]!.spec.holderIdentity).toBe("");
});

test.each([
  ["a kubeconfig that is not there", ["--kubeconfig", "/nonexistent"], "/nonexistent"],
  ["no kubeconfig at all", [], "no cluster is known: give --kubeconfig"],
  ["a number that is none", ["--poll-interval", "soon"], "It must be a whole number"],
])("ends with one message for %s", async (_what, args, message) => {
  const { code, output } = await run(args);
  expect(code).toBe(1);
  expect(output).toContain(message);
  expect(output).not.toContain("    at ");
});

test("ends with one message when its port is in use", async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, resolve));
  const { port } = taken.address() as AddressInfo;
  const { code, output } = await run(["--kubeconfig", kubeconfig, "--health-port", String(port)]);
  taken.close();
  expect([code, output.trim()]).toEqual([1, `weir controller: port ${port} is in use; choose another with --health-port`]);
});
