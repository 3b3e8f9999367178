/** The page on operations lists the fields of the resource as the schema has them, defaults included. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { customResourceDefinition } from "../../controller/api/index.ts";

interface Node {
  readonly properties?: Record<string, Node>;
  readonly default?: unknown;
}

const page = readFileSync("docs/operations.md", "utf8");
const schema = (customResourceDefinition().spec.versions[0]!.schema.openAPIV3Schema as Node).properties!;

function fields(node: Node, path: string): [path: string, node: Node][] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => [
    [`${path}${name}`, child] as [string, Node],
    ...fields(child, `${path}${name}.`),
  ]);
}

test("every field of the spec has a row", () => {
  const table = page.split("| field of `spec` |")[1]!.split("\n\n")[0]!;
  const rows = new Map([...table.matchAll(/^\| `([\w.]+)` \|([^|]*)\|/gm)].map(([, name, value]) => [name!, value!.trim()]));
  const wanted = fields(schema.spec!, "");
  expect(wanted.length).toBeGreaterThan(30);
  for (const [path, node] of wanted) {
    expect(rows.has(path), `spec.${path}`).toBe(true);
    if (node.properties === undefined && node.default !== undefined)
      expect(rows.get(path), `default of spec.${path}`).toBe(`\`${String(node.default)}\``);
  }
});

test("every field of the status, and every phase, is named", () => {
  const names = fields(schema.status!, "").map(([path]) => path.split(".")[0]!);
  for (const name of new Set(names)) expect(page, `status.${name}`).toContain(`\`status.${name}\``);
  const phases = (schema.status!.properties!.phase as { enum: string[] }).enum;
  for (const phase of phases) expect(page, `phase ${phase}`).toContain(`\`${phase}\``);
});
