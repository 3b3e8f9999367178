import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { connect } from "../conformance/connection.ts";
import { riverDefinition, river } from "../conformance/objects.ts";
import { configMap, maps, started } from "./started.ts";

const directory = mkdtempSync(join(tmpdir(), "apiserver-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it("finds again after a restart what was stored, under the same token and port", async () => {
  const first = await started({ directory });
  await first.ok("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", riverDefinition);
  const rivers = "/apis/conformance.example.com/v1/namespaces/default/rivers";
  const made = await first.ok("POST", rivers, river("r"));
  const { url, token } = first.server;
  await first.stop();

  const second = await started({ directory });
  expect(second.server).toMatchObject({ url, token });
  expect(await second.ok("GET", `${rivers}/r`)).toEqual(made);
  const events = await second.connection.watch(`${rivers}?watch=true&resourceVersion=2`, (seen) => seen.length > 0, 5000);
  expect(events).toMatchObject([{ type: "ERROR", object: { code: 410 } }]);
  const later = await second.ok("POST", rivers, river("later"));
  expect(Number(later.metadata.resourceVersion)).toBeGreaterThan(Number(made.metadata.resourceVersion));
  await second.stop();
});

it("keeps secrets to its owner", () => {
  for (const file of ["token", "server.key", "kubeconfig"]) expect(statSync(join(directory, file)).mode & 0o077).toBe(0);
});

it("refuses a directory that another server has", async () => {
  const holder = await started({ directory });
  await expect(started({ directory })).rejects.toThrow(/another API server/);
  await holder.stop();
});

it("has every write it acknowledged after SIGKILL", async () => {
  const main = new URL("../../../sandbox/apiserver/main.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [main, "--directory", directory], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => child.stdout.once("data", resolve));
  const connection = connect(join(directory, "kubeconfig"));
  const acknowledged: string[] = [];
  const exited = new Promise((resolve) => child.once("exit", resolve));
  setTimeout(() => child.kill("SIGKILL"), 200);
  for (let i = 0; ; i++) {
    try {
      const answer = await connection.send("POST", maps, configMap(`k${i}`));
      if (answer.code === 201) acknowledged.push(`k${i}`);
    } catch {
      break;
    }
  }
  await exited;
  connection.close();
  expect(acknowledged.length).toBeGreaterThan(0);
  const after = await started({ directory });
  const { items } = await after.ok("GET", maps);
  const names = new Set((items as { metadata: { name: string } }[]).map((item) => item.metadata.name));
  expect(acknowledged.filter((name) => !names.has(name))).toEqual([]);
  await after.stop();
});

it("speaks only to loopback", () => {
  expect(readFileSync(join(directory, "kubeconfig"), "utf8")).toMatch(/server: https:\/\/127\.0\.0\.1:\d+/);
  expect(existsSync(join(directory, "objects.sqlite"))).toBe(true);
});
