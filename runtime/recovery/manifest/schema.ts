/**
 * `manifest.json` as a schema, from bytes and to bytes. Unknown fields are kept out of the way, not refused: a newer version may
 * add some; a changed meaning changes `format`.
 */
import { WeirError } from "../../errors/index.ts";
import type { Manifest } from "../types.ts";
import { array, boolean, integer, literal, object, optional, text, unknown } from "./shape.ts";

const topology = object({ processes: integer(1), threads: integer(1) });
const file = object({
  path: text(/./),
  bytes: integer(0),
  sha256: text(/^[0-9a-f]{64}$/),
  partitions: optional(text(/^[0-9a-f]*$/)),
  parts: optional(boolean),
});
const snapshot = object({
  epoch: integer(0),
  execution: integer(0),
  time: text(),
  steps: array(text()),
  files: array(file),
  prepared: optional(array(unknown)),
  dropped: optional(array(object({ step: text(), execution: integer(0), epoch: integer(0) }))),
});
const checkManifest = object({
  format: literal(1),
  flow: text(),
  hash: text(),
  partitions: integer(1),
  execution: integer(0),
  topology,
  assignment: array(integer(0)),
  owner: optional(text()),
  claim: optional(text()),
  restored: optional(text()),
  snapshots: array(snapshot),
});

/**
 * @param where names the store and object in messages
 * @throws WEIR_SNAPSHOT_DAMAGED when the bytes are no manifest; WEIR_DECODE when they are one of another format
 */
export function parseManifest(bytes: Uint8Array, where: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new WeirError("WEIR_SNAPSHOT_DAMAGED", `${where} is not JSON`, { cause });
  }
  const format = (value as { format?: unknown } | null)?.format;
  if (format !== undefined && format !== 1) {
    throw new WeirError("WEIR_DECODE", `${where} has format ${JSON.stringify(format)}; this version of Weir knows format 1`);
  }
  const wrong = checkManifest(value, "");
  if (wrong !== undefined) throw new WeirError("WEIR_SNAPSHOT_DAMAGED", `${where} is not a manifest: ${wrong}`);
  const read = value as Manifest;
  if (read.assignment.length !== read.partitions) {
    throw new WeirError("WEIR_SNAPSHOT_DAMAGED", `${where} assigns ${read.assignment.length} of ${read.partitions} partitions`);
  }
  const workers = read.topology.processes * read.topology.threads;
  const stray = read.assignment.findIndex((worker) => worker >= workers);
  if (stray !== -1) {
    throw new WeirError(
      "WEIR_SNAPSHOT_DAMAGED",
      `${where} assigns partition ${stray} to worker ${read.assignment[stray]} of ${workers}`,
    );
  }
  return read;
}

/** Indented, for people who look: the size hardly matters next to the files it names. */
export function serializeManifest(manifest: Manifest): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(manifest, undefined, 1)}\n`);
}
