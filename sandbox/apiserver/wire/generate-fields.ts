// Writes fields.jsonl: which protobuf field number is which JSON member, for the built-in structs, read from the tags of the Go
// types (`node generate-fields.ts <module cache>/k8s.io`, with api@v… and apimachinery@v… in it). The types are Kubernetes' own,
// (c) The Kubernetes Authors, Apache License 2.0. A name with a leading `*` is a pointer, whose zero is a value; one with a
// leading `@` is a struct whose members are written as if they were this one's.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { builtinDefinitions } from "../schema/schema.ts";

const [root] = process.argv.slice(2);
if (!root) {
  console.error("usage: node generate-fields.ts <folder with api@version and apimachinery@version>");
  process.exit(2);
}
const newest = (name: string): string =>
  readdirSync(root)
    .filter((entry) => entry.startsWith(`${name}@`))
    .sort()
    .at(-1)!;

/** The folder of Go types behind a definition's package. */
function folderOf(prefix: string): string | undefined {
  if (prefix.startsWith("io.k8s.api.")) return join(root!, newest("api"), ...prefix.split(".").slice(3));
  if (prefix === "io.k8s.apimachinery.pkg.apis.meta.v1") return join(root!, newest("apimachinery"), "pkg/apis/meta/v1");
  return undefined;
}

const field = /^\s+(?:(\w+)\s+)?([*[\]\w.]+)\s+`json:"([^"]*)"[^`]*? protobuf:"\w+,(\d+),/;
const found = new Map<string, Record<string, string>>();

function readTypes(prefix: string, folder: string): void {
  let struct: Record<string, string> | undefined;
  for (const line of readFileSync(join(folder, "types.go"), "utf8").split("\n")) {
    const opened = /^type (\w+) struct \{/.exec(line) ?? /^\t(\w+) struct \{/.exec(line);
    if (opened) found.set(`${prefix}.${opened[1]!}`, (struct = {}));
    else if (line === "}") struct = undefined;
    const match = struct && field.exec(line);
    if (!match) continue;
    const [, , type = "", json = "", number = ""] = match;
    const [name, option] = json.split(",");
    const bare = type.replace(/^\*/, "");
    if (name === "" && option === "inline") {
      struct![number] =
        `@${bare.startsWith("metav1.") ? `io.k8s.apimachinery.pkg.apis.meta.v1.${bare.slice(7)}` : `${prefix}.${bare}`}`;
    } else if (name !== "-") struct![number] = (type.startsWith("*") ? "*" : "") + name!;
  }
}

const names = Object.keys(builtinDefinitions());
for (const prefix of new Set(names.map((name) => name.slice(0, name.lastIndexOf("."))))) {
  const folder = folderOf(prefix);
  if (folder) readTypes(prefix, folder);
}
const wanted = new Set(names.filter((name) => found.has(name)));
for (const name of wanted)
  for (const member of Object.values(found.get(name) ?? {})) if (member.startsWith("@")) wanted.add(member.slice(1));
const lines = [...wanted].sort().map((name) => `${JSON.stringify([name, found.get(name) ?? {}])}\n`);
writeFileSync(new URL("fields.jsonl", import.meta.url), lines.join(""));
