/**
 * Which ABORTs of a test source have fired, so that the next run skips them. A run on this thread uses the same source again and
 * may remember them. Processes of `runCluster` make their sources anew each time: they note them in a file whose name they are given,
 * one line "<source> <position>" each, where sources are numbered in the order in which the module makes them.
 */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export interface FiredAborts {
  has(position: number): boolean;
  add(position: number): void;
}

export const abortsVariable = "WEIR_TESTING_ABORTS";
let sources = 0;

export function firedAborts(): FiredAborts {
  const file = process.env[abortsVariable];
  if (file === undefined || file === "") return new Set<number>();
  const source = sources++;
  return {
    has: (position) => readFileSync(file, "utf8").split("\n").includes(`${source} ${position}`),
    add: (position) => appendFileSync(file, `${source} ${position}\n`),
  };
}

let directory: string | undefined;
const files = new Map<string, string>();

/** The file of a flow module, the same for each of its runs from this process; gone when this process exits. */
export function abortsOf(module: string): string {
  const known = files.get(resolve(module));
  if (known !== undefined) return known;
  if (directory === undefined) {
    const made = mkdtempSync(join(tmpdir(), "weir-aborts-"));
    directory = made;
    process.once("exit", () => rmSync(made, { recursive: true, force: true }));
  }
  const file = join(directory, `${files.size}`);
  writeFileSync(file, "");
  files.set(resolve(module), file);
  return file;
}
