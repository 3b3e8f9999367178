/**
 * What one worker writes between two snapshots: one open object per path, sent while it grows. `prepare` ends them all and hands out
 * what makes them appear. Invariant: what all open objects hold in memory stays below `bufferBytes`, plus a batch.
 */
import { WeirError } from "../../errors/index.ts";
import { show } from "../../flow/show.ts";
import type { TransactionalSinkPart } from "../../flow/sink.ts";
import type { Bucket } from "./bucket.ts";
import type { Encoder } from "./encoder.ts";
import type { Patience } from "./patience.ts";
import { createUpload, type PreparedObject, type Upload } from "./upload.ts";

export interface SinkPartOptions {
  readonly bucket: Bucket;
  readonly patience: Patience;
  readonly partBytes: number;
  readonly bufferBytes: number;
  readonly maxObjectBytes: number;
  readonly encoder: () => Encoder;
  readonly pathOf: ((item: unknown) => string) | undefined;
  /** The key of the worker's next object. */
  readonly keyFor: (path: string, number: number) => string;
}

interface OpenObject {
  readonly path: string;
  readonly encoder: Encoder;
  readonly upload: Upload;
}

export function objectSinkPart(options: SinkPartOptions): TransactionalSinkPart<unknown, readonly PreparedObject[]> {
  const { bucket, patience, partBytes, bufferBytes, maxObjectBytes, pathOf } = options;
  const open = new Map<string, OpenObject>();
  /** Ended before their time, and what has been prepared of them. */
  let ended: Promise<PreparedObject>[] = [];
  const uploads = new Set<Upload>();
  let number = 0;

  const objectFor = (path: string): OpenObject => {
    let object = open.get(path);
    if (object === undefined) {
      const upload = createUpload(bucket, options.keyFor(path, number++), partBytes, patience);
      uploads.add(upload);
      open.set(path, (object = { path, encoder: options.encoder(), upload }));
    }
    return object;
  };
  const end = async ({ path, encoder, upload }: OpenObject): Promise<PreparedObject> => {
    open.delete(path);
    const last = await encoder.end();
    if (last !== undefined) await upload.push(last);
    return upload.finish();
  };
  const endEarly = async (object: OpenObject): Promise<void> => {
    const prepared = end(object);
    ended.push(prepared);
    await prepared;
  };
  const write = async (path: string, items: readonly unknown[]): Promise<void> => {
    const object = objectFor(path);
    const bytes = await object.encoder.add(items);
    if (bytes !== undefined) await object.upload.push(bytes);
    if (object.upload.bytes >= maxObjectBytes) await endEarly(object);
  };
  const heldOf = ({ encoder, upload }: OpenObject): number => encoder.held + upload.pending;
  const makeRoom = async (): Promise<void> => {
    for (;;) {
      let held = 0;
      let largest: OpenObject | undefined;
      for (const object of open.values()) {
        held += heldOf(object);
        if (largest === undefined || heldOf(object) > heldOf(largest)) largest = object;
      }
      if (held <= bufferBytes || largest === undefined) return;
      await endEarly(largest);
    }
  };
  return {
    async writeBatch(items) {
      if (pathOf === undefined) await write("", items);
      else for (const [path, some] of byPath(items, pathOf)) await write(path, some);
      await makeRoom();
    },
    async prepare() {
      const before = ended;
      ended = [];
      const prepared = await Promise.all([...before, ...[...open.values()].map(end)]);
      uploads.clear();
      return prepared.length === 0 ? undefined : prepared;
    },
    async close() {
      open.clear();
      await Promise.all([...uploads].map((upload) => upload.abort()));
      uploads.clear();
    },
  };
}

function byPath(items: readonly unknown[], pathOf: (item: unknown) => string): Map<string, unknown[]> {
  const groups = new Map<string, unknown[]>();
  for (const item of items) {
    const path = pathOf(item);
    let group = groups.get(path);
    if (group === undefined) {
      if (typeof path !== "string" || path.split("/").some((name) => name === "" || name === "." || name === ".."))
        throw new WeirError("WEIR_BAD_RETURN", `partitionBy must return a path like "day=2026-01-31", and returned ${show(path)}`);
      groups.set(path, (group = []));
    }
    group.push(item);
  }
  return groups;
}
