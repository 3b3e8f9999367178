/**
 * Which ABORTs have fired, so that the next run skips them: by position in the items of a test source.
 *
 *   the same source again   it remembers by itself
 *   a flow built anew       runs of this process over one store share a memory, by flow and step
 *   runCluster              processes make their sources anew each time: they note what fires in a file whose name they are given,
 *                           a line "<source> <position>" each, where sources are numbered in the order in which the module makes them
 */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Dataflow, sourcesOf } from "../flow/index.ts";

export interface FiredAborts {
  has(position: number): boolean;
  add(position: number): void;
}

export const abortsVariable = "WEIR_TESTING_ABORTS";
let sources = 0;

/** For a new source. */
export function firedAborts(): FiredAborts {
  const file = process.env[abortsVariable];
  if (file === undefined || file === "") return new Set<number>();
  const source = sources++;
  return {
    has: (position) => readFileSync(file, "utf8").split("\n").includes(`${source} ${position}`),
    add: (position) => appendFileSync(file, `${source} ${position}\n`),
  };
}

const known = new WeakMap<object, FiredAborts>();
export function knowAborts(source: object, fired: FiredAborts): void {
  known.set(source, fired);
}

/** Positions by store, flow and step. */
const overStores = new Map<string, Set<number>>();

/** Tells the flow's test sources what has fired over the store in earlier runs; `fired` is for this run's. */
export function abortsOver(store: string, flow: Dataflow): { fired(step: string, position: number): void } {
  const nameOf = (step: string): string => JSON.stringify([store, flow.id, step]);
  for (const { step, source } of sourcesOf(flow)) {
    for (const position of overStores.get(nameOf(step)) ?? []) known.get(source)?.add(position);
  }
  return {
    fired(step, position) {
      const positions = overStores.get(nameOf(step)) ?? new Set();
      overStores.set(nameOf(step), positions.add(position));
    },
  };
}

let directory: string | undefined;
const files = new Map<string, string>();

/** The file of a flow module over a store, the same for each run from this process; gone when this process exits. */
export function abortsOf(module: string, store: string | undefined): string {
  const name = JSON.stringify([resolve(module), store]);
  const found = files.get(name);
  if (found !== undefined) return found;
  if (directory === undefined) {
    const made = mkdtempSync(join(tmpdir(), "weir-aborts-"));
    directory = made;
    process.once("exit", () => rmSync(made, { recursive: true, force: true }));
  }
  const file = join(directory, `${files.size}`);
  writeFileSync(file, "");
  files.set(name, file);
  return file;
}
