/**
 * Finds the record of a batch that could not be read, so that the error names its place. Only batches with an error are read
 * record by record; what the others cost does not change.
 */
import { type ErrorCode, isWeirError, WeirError } from "../../errors/index.ts";
import { countLines, type TextFormat } from "../text-format.ts";

/** A record that is not what its format says. */
export interface BadRecord {
  /** "s3://bucket/key" */
  readonly object: string;
  /** Byte of the object, unpacked if it is gzipped, at which the record begins. */
  readonly offset: number;
  /** Counted from 1. */
  readonly line: number;
  /** The record as it stands there, without its line end. */
  readonly text: string;
  /** What is wrong with it: "… is not JSON: …". */
  readonly problem: string;
}
/** Gives what takes the record's place; undefined: nothing does. */
export type OnBadRecord = (record: BadRecord) => unknown;

const code: ErrorCode = "WEIR_SOURCE_FAILED";

/**
 * The values of `bytes`, whole records one of which cannot be parsed.
 * @throws WEIR_SOURCE_FAILED with object, line and byte, without `onBad`
 */
export function parseOneByOne(
  bytes: Buffer,
  format: TextFormat,
  place: { readonly object: string; readonly offset: number; readonly line: number },
  onBad: OnBadRecord | undefined,
): unknown[] {
  const values: unknown[] = [];
  let { line } = place;
  for (let from = 0; from < bytes.length;) {
    const cut = format.cut(bytes, from, bytes.length, 1);
    const until = cut === from ? bytes.length : cut;
    const text = bytes.toString("utf8", from, until);
    try {
      values.push(...format.parse(text, place.object, line));
    } catch (error) {
      if (!isWeirError(error)) throw error;
      const offset = place.offset + from;
      if (onBad === undefined) throw new WeirError(code, `${error.message} (at byte ${offset})`, { cause: error.cause });
      const value = onBad({
        object: place.object,
        offset,
        line: line + 1,
        text: text.replace(/\r?\n$/, ""),
        problem: error.message,
      });
      if (value !== undefined) values.push(value);
    }
    line += countLines(text);
    from = until;
  }
  return values;
}
