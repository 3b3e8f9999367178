// The conformance suite: requests and what a real API server (1.35) answers, kept in expected.jsonl by record.ts.
// Any server can be held against it: `runAll(kubeconfig)` gives what it answers, `expected()` what it should.

import { readFileSync } from "node:fs";
import { applyCases } from "./apply-cases.ts";
import { connect, type Connection } from "./connection.ts";
import { customCases } from "./custom-cases.ts";
import { defaultsCases } from "./defaults-cases.ts";
import { listCases } from "./list-cases.ts";
import { objectCases } from "./objects-cases.ts";
import { definitions, riverDefinition } from "./objects.ts";
import { patchCases } from "./patch-cases.ts";
import { runCase, type Case, type Observed } from "./run.ts";

export const cases: Case[] = [...objectCases, ...defaultsCases, ...patchCases, ...applyCases, ...customCases, ...listCases];

export { runCase, type Case, type Observed } from "./run.ts";

/** What a real API server answered, by case. */
export function expected(): Record<string, Observed[]> {
  const found: Record<string, Observed[]> = {};
  for (const line of readFileSync(new URL("expected.jsonl", import.meta.url), "utf8")
    .trimEnd()
    .split("\n")) {
    const [name, index, observed] = JSON.parse(line) as [string, number, Observed];
    (found[name] ??= [])[index] = observed;
  }
  return found;
}

/** Installs the suite's custom kind; resolves with the way to remove it. */
export async function prepare(kubeconfig: string): Promise<{ connection: Connection; finish: () => Promise<void> }> {
  const connection = connect(kubeconfig);
  await connection.send("DELETE", `${definitions}/${riverDefinition.metadata.name}`);
  const rivers = "/apis/conformance.example.com/v1/rivers";
  for (let attempt = 0; attempt < 200; attempt++) {
    const made = await connection.send("POST", definitions, riverDefinition);
    if (made.code === 201) break;
    if (made.code !== 409) throw new Error(`the definition was refused: ${made.text}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  // A moment more than the first answer: some servers forget for a while that they know a new kind.
  for (let good = 0, attempt = 0; good < 5 && attempt < 200; attempt++) {
    good = (await connection.send("GET", rivers)).code === 200 ? good + 1 : 0;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    connection,
    async finish() {
      await connection.send("DELETE", `${definitions}/${riverDefinition.metadata.name}`);
      connection.close();
    },
  };
}

export async function runAll(kubeconfig: string, filter = ""): Promise<Record<string, Observed[]>> {
  const { connection, finish } = await prepare(kubeconfig);
  const observed: Record<string, Observed[]> = {};
  try {
    for (const one of cases) if (one.name.includes(filter)) observed[one.name] = await runCase(connection, one);
  } finally {
    await finish();
  }
  return observed;
}
