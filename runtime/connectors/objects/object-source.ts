/**
 * Objects below a prefix as a source: each is a part, named by its key, resumed at a byte or a row of the version that was begun.
 * Only so many objects are open at a time; the others wait their turn without costing anything.
 */
import { WeirError } from "../../errors/index.ts";
import { checkNames, checkOptionalFlag } from "../../flow/option-checks.ts";
import { show } from "../../flow/show.ts";
import type { PartitionedSource, SourcePart } from "../../flow/source.ts";
import { csvFormat } from "../csv-format.ts";
import { jsonlFormat, linesFormat, type TextFormat } from "../text-format.ts";
import type { OnBadRecord } from "./bad-record.ts";
import { keyGlob } from "./key-glob.ts";
import { objectName, type ObjectOrigin } from "./object-bytes.ts";
import { type ObjectOptions, openBucket, type OpenedBucket } from "./open-bucket.ts";
import { createWaits } from "./outage.ts";
import { parquetPart, type ParquetPosition } from "./parquet-part.ts";
import { patiently } from "./patience.ts";
import { createSlots } from "./slots.ts";
import { textPart, type TextPosition } from "./text-part.ts";

export interface ObjectSourceOptions extends ObjectOptions {
  /** "lines" gives strings, "jsonl" the values, "csv" an object of strings per row, "parquet" an object per row. */
  format: "lines" | "jsonl" | "csv" | "parquet";
  /** Which keys below the prefix: "*", "?", "[a-z]" and "{a,b}" within a level, "**" across levels. Default all. */
  glob?: string;
  /** Of Parquet objects: the columns to read. Default all. */
  columns?: readonly string[];
  /** Records per batch, at most. Default 1,000. */
  batchSize?: number;
  /** The input does not end with the objects that are there: it waits for more. Default false. */
  follow?: boolean;
  /** Milliseconds for which a listing is good. Default 10,000. */
  listEveryMs?: number;
  /** Objects that a worker reads at a time. Default 8. */
  concurrency?: number;
  /** Bytes per request of lines, JSON and CSV. A part holds up to two blocks. Default 2 MiB. */
  blockBytes?: number;
  /** Milliseconds after which the flow fails if the service stays away while it runs. Default Infinity: it is waited for, and told of. */
  giveUpMs?: number;
  /** Called for lines, values and rows that cannot be read; without it they stop the flow. What it gives takes the record's place. */
  onError?: OnBadRecord;
}

const formats: Record<string, (() => TextFormat) | undefined> = {
  lines: () => linesFormat,
  jsonl: () => jsonlFormat,
  csv: csvFormat,
  parquet: undefined,
};
/** A part that never ends, and so keeps the input open. No key below a prefix begins like this. */
const followPart = "//follow";
/** How long a service has to stay away before that is worth a warning, in milliseconds. */
const warnAfterMs = 10_000;
/** Of a listing after the first: it is begun anew when it is due, and an execution that begins should not wait for long. */
const knownPatienceMs = 10_000;

/**
 * Lag is in bytes. A service that stays away once the objects were listed holds up the parts that need it, and nothing else. Throws
 * WEIR_FLOW_OPTION for options that are not as they should be; the flow stops with WEIR_SOURCE_FAILED for what cannot be listed, read
 * or parsed, and for an object that was replaced while it was read.
 */
export function objectSource<T = any>(options: ObjectSourceOptions): PartitionedSource<T, unknown> {
  return bucketSource(openBucket("objectSource", options, "WEIR_SOURCE_FAILED"), options);
}

export function bucketSource<T>(opened: OpenedBucket, options: ObjectSourceOptions): PartitionedSource<T, unknown> {
  const settings = readOptions(options);
  const { bucket, location } = opened;
  const { batchSize, concurrency, blockBytes, listEveryMs } = settings;
  const matches = options.glob === undefined ? () => true : keyGlob(options.glob);
  const { timeoutMs, patienceMs } = opened;
  const patience = { timeoutMs, patienceMs: settings.giveUpMs, code: "WEIR_SOURCE_FAILED" } as const;
  const waitFor = createWaits(`objectSource ${location.url}`, Math.min(patienceMs, warnAfterMs));
  const listing = waitFor();
  const slots = createSlots(concurrency);
  /** What was listed last. */
  let known: ReadonlyMap<string, number> | undefined;
  /** Since when the service has been asked for a listing without an answer. */
  let askedAt: number | undefined;
  let listed: { readonly at: number; readonly sizes: Promise<ReadonlyMap<string, number>> } | undefined;

  const list = async (): Promise<ReadonlyMap<string, number>> => {
    const { prefix, url } = location;
    const below = prefix === "" ? "" : `${prefix}/`;
    const { giveUpMs } = settings;
    askedAt ??= performance.now();
    const left = known === undefined ? giveUpMs : giveUpMs - (performance.now() - askedAt);
    // What never answered may have a wrong address: that is an error for whoever starts the flow.
    const wait = Math.min(known === undefined ? patienceMs : Math.min(patienceMs, knownPatienceMs), left);
    const lasting = known === undefined || wait === left;
    const exhausted = lasting ? "WEIR_SOURCE_FAILED" : "WEIR_SOURCE_INTERRUPTED";
    const patient = { ...patience, patienceMs: wait, exhausted, onWait: listing.onWait } as const;
    return patiently(patient, `listing ${url}`, async (signal) => {
      const sizes = new Map<string, number>();
      for await (const { key, size } of bucket.list(prefix, signal)) {
        // What only begins like the prefix is not below it; keys that end with a slash stand for folders.
        if (!(key === prefix || key.startsWith(below)) || key.endsWith("/")) continue;
        if (matches(key === prefix ? (key.split("/").at(-1) ?? key) : key.slice(below.length))) sizes.set(key, size);
      }
      known = sizes;
      askedAt = undefined;
      listing.onWait(undefined);
      return sizes;
    });
  };
  /** The last listing while it is good, else a new one, shared by all who ask meanwhile. */
  const sizes = (): Promise<ReadonlyMap<string, number>> => {
    const now = performance.now();
    if (listed !== undefined && now - listed.at < listEveryMs) return listed.sizes;
    const current = { at: now, sizes: list() };
    listed = current;
    current.sizes.catch(() => {
      if (listed === current) listed = undefined;
    });
    return current.sizes;
  };
  const listedSize = async (key: string): Promise<number> => {
    const listed = sizes();
    return known?.get(key) ?? (await listed).get(key) ?? 0;
  };

  return {
    kind: "partitioned",
    async listParts() {
      const keys = [...(await sizes()).keys()];
      return options.follow === true ? [followPart, ...keys] : keys;
    },
    buildPart(key, resume, context): SourcePart<T, unknown> {
      if (key === followPart) return { ...waitingPart<T>(context?.now ?? Date.now), trouble: () => listing.trouble };
      const wait = waitFor();
      const origin: ObjectOrigin = { bucket, key, patience: { ...patience, onWait: wait.onWait }, blockBytes };
      const trouble = (): string | undefined => wait.trouble;
      const { columns, format, onError } = settings;
      checkResume(origin, resume, format === undefined ? 3 : 4);
      if (format === undefined)
        return {
          ...parquetPart<T>({ origin, batchSize, columns, slots, listedSize }, resume as ParquetPosition | undefined),
          trouble,
        };
      const text = { origin, format: format(), batchSize, onBad: onError, slots, listedSize };
      return { ...(textPart(text, resume as TextPosition | undefined) as SourcePart<T, unknown>), trouble };
    },
  };
}

/** Positions of text have four fields, those of Parquet three. */
function checkResume(origin: ObjectOrigin, resume: unknown, fields: number): void {
  if (resume === undefined || (Array.isArray(resume) && resume.length === fields)) return;
  const [were, are] = fields === 3 ? ["text", "Parquet"] : ["Parquet", "text"];
  throw new WeirError("WEIR_STATE_MISMATCH", `"${objectName(origin)}" was read as ${were} before, and is to be read as ${are} now`);
}

function waitingPart<T>(now: () => number): SourcePart<T, unknown> {
  const hour = 3_600_000;
  return { nextBatch: () => [], nextAwake: () => now() + hour, snapshot: () => null, lag: () => 0 };
}

function readOptions(options: ObjectSourceOptions) {
  const { columns, onError, batchSize = 1_000, concurrency = 8, blockBytes = 2 * 1024 * 1024, listEveryMs = 10_000 } = options;
  const { giveUpMs = Infinity } = options;
  const refused = (message: string): WeirError => new WeirError("WEIR_FLOW_OPTION", `objectSource: ${message}`);
  for (const [name, value] of Object.entries({ batchSize, concurrency, blockBytes })) {
    if (!Number.isInteger(value) || value < 1) throw refused(`${name} must be a positive integer, not ${show(value)}`);
  }
  for (const [name, value] of Object.entries({ listEveryMs, giveUpMs })) {
    if (typeof value !== "number" || !(value >= 0)) throw refused(`${name} must be a number of milliseconds, not ${show(value)}`);
  }
  if (!Object.hasOwn(formats, options.format ?? ""))
    throw refused(`format must be one of ${Object.keys(formats).join(", ")}, not ${show(options.format)}`);
  if (options.glob !== undefined && (typeof options.glob !== "string" || options.glob === ""))
    throw refused(`glob must be a pattern, not ${show(options.glob)}`);
  if (columns !== undefined && options.format !== "parquet") throw refused("columns are for Parquet objects only");
  if (columns !== undefined) checkNames("objectSource", "columns", columns);
  checkOptionalFlag("objectSource", "follow", options.follow);
  if (onError !== undefined && typeof onError !== "function") throw refused(`onError must be a function, not ${show(onError)}`);
  if (onError !== undefined && options.format === "parquet") throw refused("onError is for lines, JSON and CSV only");
  return { columns, onError, batchSize, concurrency, blockBytes, listEveryMs, giveUpMs, format: formats[options.format] };
}
