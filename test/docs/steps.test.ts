/** Every method of streams, and every command, has a place in docs. */
import { globSync, readFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { Dataflow, errorCodes, eventClock, generatorSource, KeyedStream, Stream, tumbling } from "../../runtime/index.ts";

const read = (pattern: string): string =>
  globSync(pattern)
    .map((page) => readFileSync(page, "utf8"))
    .join("\n");

test("the pages of the API show each method in a program", () => {
  const api = read("docs/api/*.md");
  const programs = [...api.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, text]) => text).join("\n");
  const stream = new Dataflow("any").input("n", generatorSource({ parts: 1, count: 1, make: (n) => n }));
  const windowed = stream
    .keyBy("key", String)
    .window("w", { clock: eventClock({ timestamp: Number, waitMs: 0 }), windower: tumbling({ lengthMs: 1, alignTo: 0 }) });
  const internal = new Set(["constructor", "keyedNext", "portsOf", "graph", "port"]);
  const methods = [Stream.prototype, KeyedStream.prototype].flatMap((prototype) => Object.getOwnPropertyNames(prototype));
  const missing = [...methods, ...Object.keys(windowed)].filter((name) => !internal.has(name) && !programs.includes(`.${name}(`));
  expect(missing).toEqual([]);
});

test("operations.md has every flag of weir run", () => {
  const operations = read("docs/operations.md");
  const { stdout } = spawnSync(process.execPath, ["bin/weir.js", "run", "--help"], { encoding: "utf8" });
  const flags = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, flag]) => flag!).filter((flag) => flag !== "--help");
  expect(flags.length).toBeGreaterThan(15);
  expect(flags.filter((flag) => !operations.includes(`\`${flag}`))).toEqual([]);
});

test("each variable that a process reads, or a pod is given, is named", () => {
  const pages = `${read("docs/operations.md")}${read("ARCHITECTURE.md")}`;
  const sources = ["runtime/host/settings.ts", "controller/apply/children/environment.ts"].map(read).join("\n");
  const names = new Set([...sources.matchAll(/(?:env\.|name: "|text\("|\("|, "|\[")(WEIR_[A-Z_]+)/g)].map(([, name]) => name!));
  expect(names.size).toBeGreaterThan(20);
  expect([...names].filter((name) => !(name in errorCodes) && !pages.includes(`\`${name}\``))).toEqual([]);
});
