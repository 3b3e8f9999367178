/**
 * The codec: values, batches of records and messages to bytes and back, exactly. Imports errors only.
 *
 * What survives: null, booleans, numbers (-0, NaN and infinities too), strings (any, lone surrogates too), bigint, arrays,
 * plain objects, Date, Map, Set, ArrayBuffer, DataView and typed arrays. `undefined` survives in arrays, maps and by itself;
 * fields that are `undefined` vanish. What cannot survive (functions, symbols, instances of classes, cycles) is refused with
 * WEIR_ENCODE and the way to it. Bytes that no encoder wrote are refused with WEIR_DECODE: they never crash or hang a reader.
 */
import { WeirError } from "../../../errors/index.ts";
import type { Message } from "../fabric.ts";
import { putMessage, takeMessage } from "./messages.ts";
import { putRecords, takeRecords } from "./records.ts";
import { begin, copy, createSink, reserve, view, type Sink } from "./sink.ts";
import { createSource, finish, type Source } from "./source.ts";
import { encodeError } from "./unencodable.ts";
import { takeValue } from "./value-reader.ts";
import { putValue } from "./value-writer.ts";

let sink = createSink();
let busy = false;

/** A batch of records by column, self-contained. @throws WEIR_ENCODE for what does not survive. */
export function encodeRecords(records: readonly unknown[]): Uint8Array {
  return encode((to) => putRecords(to, records, 0), records, "record", copy);
}

/** @throws WEIR_DECODE for bytes that `encodeRecords` did not write. */
export function decodeRecords(bytes: Uint8Array): unknown[] {
  return decode(bytes, (source) => takeRecords(source, 0));
}

/** One value, self-contained: a small integer takes one byte. @throws WEIR_ENCODE for what does not survive. */
export function encodeValue(value: unknown): Uint8Array {
  return encode((to) => putValue(to, value, 0), value, "value", copy);
}

/** Like `encodeValue`, behind a head that is the caller's to write, and without a copy: good until this thread encodes again. */
export function viewValue(value: unknown, headBytes: number): Uint8Array {
  const write = (to: Sink): void => {
    reserve(to, headBytes);
    to.at += headBytes;
    putValue(to, value, 0);
  };
  return encode(write, value, "value", view);
}

/** @throws WEIR_DECODE for bytes that `encodeValue` did not write. */
export function decodeValue(bytes: Uint8Array): unknown {
  return decode(bytes, (source) => takeValue(source, 0));
}

/** @throws WEIR_ENCODE when a record does not survive. */
export function encodeMessage(message: Message): Uint8Array {
  return encode((to) => putMessage(to, message), recordsOf(message), "record", copy);
}

/** Like `encodeMessage`, without a copy: the bytes are good until this thread encodes again. */
export function viewMessage(message: Message): Uint8Array {
  return encode((to) => putMessage(to, message), recordsOf(message), "record", view);
}

/** @throws WEIR_DECODE for bytes that `encodeMessage` did not write. */
export function decodeMessage(bytes: Uint8Array): Message {
  return decode(bytes, takeMessage);
}

function recordsOf(message: Message): unknown {
  return message.kind === "data" ? message.records : message.changes;
}

function encode(write: (to: Sink) => void, root: unknown, what: string, result: (from: Sink) => Uint8Array): Uint8Array {
  // A getter of a record may encode something itself; it gets the next sink.
  if (busy) sink = createSink();
  const own = sink;
  busy = true;
  try {
    begin(own);
    write(own);
    return result(own);
  } catch (error) {
    throw encodeError(error, root, what);
  } finally {
    busy = false;
  }
}

function decode<T>(bytes: Uint8Array, read: (source: Source) => T): T {
  const source = createSource(bytes);
  try {
    const value = read(source);
    finish(source);
    return value;
  } catch (error) {
    if (error instanceof WeirError) throw error;
    throw new WeirError("WEIR_DECODE", `the bytes cannot be decoded: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
