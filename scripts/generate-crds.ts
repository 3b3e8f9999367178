/**
 * Writes crds/weir.dev_dataflows.yaml from the schema in controller/api. With --check it writes nothing and fails when the file
 * is not what the schema says.
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { customResourceDefinition } from "../controller/api/index.ts";

const path = fileURLToPath(new URL("../crds/weir.dev_dataflows.yaml", import.meta.url));
const header = "# Generated from controller/api by `npm run crds`. Do not edit.\n";

export function renderedCrd(): string {
  return header + stringify(customResourceDefinition(), { lineWidth: 0, aliasDuplicateObjects: false });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = renderedCrd();
  if (process.argv.includes("--check")) {
    const present = await readFile(path, "utf8").catch(() => "");
    if (present !== wanted) {
      console.error("crds/weir.dev_dataflows.yaml is not what controller/api says: run `npm run crds` and commit it.");
      process.exitCode = 1;
    }
  } else {
    await writeFile(path, wanted);
  }
}
