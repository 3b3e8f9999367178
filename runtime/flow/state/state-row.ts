/**
 * The bytes of one key's state in a snapshot:
 *
 *   flags u8 (bit 0: has a wake time) · [wake f64 little-endian] · the state, as `encodeValue` writes it
 *
 * The wake time stands in front so that timers are known after a resume without decoding any state.
 */
import { WeirError } from "../../errors/index.ts";
import { decodeValue, viewValue } from "../../timely/communication/codec/index.ts";

const hasWake = 1;

/** The bytes are good until this thread encodes something else. */
export function encodeStateRow(state: unknown, wake: number | undefined): Uint8Array {
  const row = viewValue(state, wake === undefined ? 1 : 9);
  row[0] = wake === undefined ? 0 : hasWake;
  if (wake !== undefined) new DataView(row.buffer, row.byteOffset).setFloat64(1, wake, true);
  return row;
}

/** Throws WEIR_DECODE for bytes that are no row. */
export function decodeStateRow(row: Uint8Array): unknown {
  return decodeValue(row.subarray(header(row)));
}

export function wakeOf(row: Uint8Array): number | undefined {
  return header(row) === 1 ? undefined : new DataView(row.buffer, row.byteOffset, row.byteLength).getFloat64(1, true);
}

/** Of a row that stands in a range of bytes: it is whole, and its key does not want to be woken. */
export const hasNoWake = (bytes: Uint8Array, start: number, end: number): boolean => end > start && bytes[start] === 0;

function header(row: Uint8Array): number {
  const flags = row[0];
  if (flags === 0) return 1;
  if (flags === hasWake && row.length >= 9) return 9;
  throw new WeirError(
    "WEIR_DECODE",
    `A row of keyed state begins with ${flags === undefined ? "nothing" : `byte ${flags}`}, which no version of Weir writes`,
  );
}
