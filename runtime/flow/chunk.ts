/**
 * A chunk: what travels between the operators of a flow, about 1,000 records as parallel columns.
 *
 *   keys   ["ATL", "ORD", "ATL"]   or undefined: the stream has no keys
 *   values [  17 ,   3  ,  40  ]
 *
 * A stream of pairs may travel in either form (a merge may bring both); whoever needs the other one converts. Chunks are
 * never changed once sent: in one process the receiver, and every consumer of a stream, sees the same arrays.
 */
import { WeirError } from "../errors/index.ts";
import type { Batch } from "./lazy-batch.ts";
import type { KnownKeys } from "./exchange/key-splitter.ts";
import { show } from "./show.ts";

export interface Chunk {
  readonly keys: string[] | undefined;
  readonly values: unknown[];
  /** Behind an exchange: ids of the keys, which save a step looking them up. */
  readonly known?: KnownKeys;
}

/** Operators hand a chunk on when it has this many records. */
export const chunkRecords = 1_024;
/** A source's batch is cut when it is longer than this. */
export const chunkLimit = 8_192;
/** Records of a source's very first chunk. */
const firstPiece = 64;

/** The records as users see them: pairs where there are keys. */
export function items(chunk: Chunk): unknown[] {
  const { keys, values } = chunk;
  if (keys === undefined) return values;
  const pairs: unknown[] = [];
  for (let i = 0; i < values.length; i++) pairs.push([keys[i], values[i]]);
  return pairs;
}

/** The chunk with keys. Throws WEIR_NOT_A_PAIR, naming `step`, for what is not a pair with a string key. */
export function keyed(chunk: Chunk, step: string): { readonly keys: string[]; readonly values: unknown[] } {
  if (chunk.keys !== undefined) return chunk as { keys: string[]; values: unknown[] };
  const keys: string[] = [];
  const values: unknown[] = [];
  for (const item of chunk.values) {
    checkPair(item, step);
    keys.push(item[0]);
    values.push(item[1]);
  }
  return { keys, values };
}

export function checkPair(item: unknown, step: string): asserts item is [string, unknown] {
  if (Array.isArray(item) && item.length === 2 && typeof item[0] === "string") return;
  throw new WeirError("WEIR_NOT_A_PAIR", `Step "${step}" needs [key, value] pairs with string keys, and got ${show(item)}`, {
    step,
  });
}

/**
 * Cuts the first batch of a source in pieces that grow: V8 compiles a loop that is hot while it runs, and what it has not seen of the
 * function until then (the code behind the loop) makes it throw that code away again, many times over.
 */
export function cutFirst(values: Batch, emit: (values: Batch) => void): void {
  let from = 0;
  for (let size = firstPiece; size < values.length - from && size <= chunkRecords; size *= 2) {
    emit(values.slice(from, from + size));
    from += size;
  }
  cut(from === 0 ? values : values.slice(from), emit);
}

/** Cuts a long batch; a short one is handed on as it is, without a copy. */
export function cut(values: Batch, emit: (values: Batch) => void): void {
  if (values.length <= chunkLimit) {
    if (values.length > 0) emit(values);
    return;
  }
  for (let from = 0; from < values.length; from += chunkLimit) emit(values.slice(from, from + chunkLimit));
}
