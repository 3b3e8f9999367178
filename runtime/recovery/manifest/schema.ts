/**
 * `manifest.json` as a schema, from bytes and to bytes. Unknown fields are kept out of the way, not refused: a newer version may
 * add some; a changed meaning changes `format`.
 */
import Type from "typebox";
import Compile from "typebox/compile";
import { WeirError } from "../../errors/index.ts";
import type { Manifest } from "../types.ts";

const index = Type.Integer({ minimum: 0 });
const positive = Type.Integer({ minimum: 1 });
const topology = Type.Object({ processes: positive, threads: positive });
const file = Type.Object({
  path: Type.String({ minLength: 1 }),
  bytes: index,
  sha256: Type.String({ pattern: "^[0-9a-f]{64}$" }),
  partitions: Type.Optional(Type.String({ pattern: "^[0-9a-f]*$" })),
  parts: Type.Optional(Type.Boolean()),
});
const snapshot = Type.Object({
  epoch: index,
  execution: index,
  time: Type.String(),
  steps: Type.Array(Type.String()),
  files: Type.Array(file),
  prepared: Type.Optional(Type.Array(Type.Unknown())),
  dropped: Type.Optional(Type.Array(Type.Object({ step: Type.String(), execution: index, epoch: index }))),
});
const manifest = Type.Object({
  format: Type.Literal(1),
  flow: Type.String(),
  hash: Type.String(),
  partitions: positive,
  execution: index,
  topology,
  assignment: Type.Array(index),
  owner: Type.Optional(Type.String()),
  claim: Type.Optional(Type.String()),
  restored: Type.Optional(Type.String()),
  snapshots: Type.Array(snapshot),
});
const validator = Compile(manifest);

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
  if (!validator.Check(value)) {
    const [first] = validator.Errors(value);
    const at = first === undefined ? "" : `: ${first.instancePath === "" ? "/" : first.instancePath} ${first.message}`;
    throw new WeirError("WEIR_SNAPSHOT_DAMAGED", `${where} is not a manifest${at}`);
  }
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
