// Records what a real API server answers: node test/sandbox/conformance/record.ts <kubeconfig> [file]

import { writeFileSync } from "node:fs";
import { runAll } from "./index.ts";

const [kubeconfig, file] = process.argv.slice(2);
if (!kubeconfig) {
  console.error("usage: node record.ts <kubeconfig> [file]");
  process.exit(2);
}
const observed = await runAll(kubeconfig);
const lines = Object.entries(observed).flatMap(([name, steps]) =>
  steps.map((step, index) => `${JSON.stringify([name, index, step])}\n`),
);
writeFileSync(file ?? new URL("expected.jsonl", import.meta.url), lines.join(""));
