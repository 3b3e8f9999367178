/** `weir run` as a person runs it, in processes of their own. All mistakes of the list are made in the outer ring (test/e2e/cli.test.ts). */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { weir } from "./bin.ts";
import { flows, mistakes, portMistakes, refused, writeFlows } from "./mistakes.ts";

const directory = mkdtempSync(join(tmpdir(), "weir-cli-run-"));
const busy = createServer();
let busyPort = 0;
const path = (name: string): string => join(directory, name);

beforeAll(async () => {
  writeFlows(directory);
  busyPort = await new Promise((resolve) => busy.listen(0, () => resolve((busy.address() as { port: number }).port)));
});
afterAll(() => {
  busy.close();
  rmSync(directory, { recursive: true, force: true });
});

test.for(mistakes.filter(({ quick }) => quick === true))(
  "refuses $what",
  async ({ args: [module, ...args], code, message, env }) => {
    refused(await weir(["run", path(module!), ...args], { ...(env && { env }) }), code, message);
  },
);
test("refuses a port in use", async () => {
  const [{ args, code, message }] = portMistakes(busyPort) as [ReturnType<typeof portMistakes>[0]];
  refused(await weir(["run", path(args[0]!), ...args.slice(1)]), code, message);
});

test("a flow may be plain JavaScript, and import packages of its own", async () => {
  const place = path("javascript");
  mkdirSync(join(place, "node_modules/shout"), { recursive: true });
  writeFileSync(join(place, "node_modules/shout/package.json"), `{ "name": "shout", "version": "1.0.0", "main": "index.js" }`);
  writeFileSync(join(place, "node_modules/shout/index.js"), `module.exports = (text) => text.toUpperCase() + "!";`);
  writeFileSync(
    join(place, "flow.mjs"),
    `import { Dataflow, stdoutSink } from "weir";
import { testSource } from "weir/testing";
import shout from "shout";
const flow = new Dataflow("loud");
flow.input("words", testSource(["one", "two"])).map("shout", shout).output("print", stdoutSink());
export default flow;`,
  );
  expect(await weir(["run", join(place, "flow.mjs")])).toMatchObject({ status: 0, stdout: "ONE!\nTWO!\n" });
});

test("a flow runs to its end, and what it left open does not keep the process", async () => {
  writeFileSync(path("open.ts"), `${flows["good.ts"]}\nsetInterval(() => {}, 1000);`);
  expect(await weir(["run", path("open.ts")], { timeoutMs: 10_000 })).toEqual({
    status: 0,
    signal: null,
    stdout: '"one"\n"two"\n'.replaceAll('"', ""),
    stderr: "",
  });
});

test("the module may lie anywhere, with or without a package.json", async () => {
  const elsewhere = join(directory, "elsewhere", "deep");
  mkdirSync(elsewhere, { recursive: true });
  writeFileSync(join(elsewhere, "flow.ts"), flows["good.ts"]);
  const ended = await weir(["run", "flow.ts"], { cwd: elsewhere });
  expect([ended.status, ended.stdout, ended.stderr]).toEqual([0, "one\ntwo\n", ""]);
  expect((await weir(["run", "flow.ts:default", "-p", "2"], { cwd: elsewhere })).stdout).toBe("one\ntwo\n");
});

test("graph draws a flow without running it", async () => {
  const drawn = await weir(["graph", path("good.ts")]);
  expect(drawn.stdout).toContain("flowchart LR");
  const json = JSON.parse((await weir(["graph", path("good.ts"), "--format", "json"])).stdout) as {
    flow: string;
    steps: { step: string }[];
  };
  expect([json.flow, json.steps.map(({ step }) => step)]).toEqual(["good", ["in", "out"]]);
  refused(await weir(["graph", path("good.ts"), "--format", "svg"]), "WEIR_USAGE", /svg/);
});

const old = "/usr/bin/node";
test.runIf(existsSync(old))("an older Node hands over to the one that is installed beside Weir", async () => {
  const ended = await weir(["run", path("good.ts")], { node: old });
  expect(ended).toEqual({ status: 0, signal: null, stdout: "one\ntwo\n", stderr: "" });
  refused(await weir(["run", path("no-input.ts")], { node: old }), "WEIR_FLOW_NO_INPUT", /hollow/);
});
