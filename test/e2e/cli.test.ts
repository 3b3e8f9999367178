/** All that a person who runs a flow gets wrong: one clear message and status 1, no stack of ours. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { weir } from "../cli/bin.ts";
import { type Mistake, mistakes, portMistakes, refused, writeFlows } from "../cli/mistakes.ts";

const directory = mkdtempSync(join(tmpdir(), "weir-e2e-cli-"));
const busy = createServer();
let busyPort = 0;
beforeAll(async () => {
  writeFlows(directory);
  busyPort = await new Promise((resolve) => busy.listen(0, () => resolve((busy.address() as { port: number }).port)));
});
afterAll(() => {
  busy.close();
  rmSync(directory, { recursive: true, force: true });
});

async function make({ args: [module, ...args], code, message, env }: Mistake): Promise<void> {
  refused(await weir(["run", join(directory, module!), ...args], { ...(env && { env }) }), code, message);
}
test.for(mistakes)("$what", make);
test("a port in use", async () => {
  const both = portMistakes(busyPort);
  expect(both).toHaveLength(2);
  for (const each of both) await make(each);
});
