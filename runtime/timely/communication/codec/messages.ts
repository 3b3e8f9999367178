/* oxlint-disable unicorn/no-new-array -- arrays of known length are filled in place: twice as fast as pushing */
/**
 * Messages of the fabric as frames.
 *
 *   data      u8 1 · varint dataflow · varint channel · time (a value) · records (varint n, column)
 *   progress  u8 2 · varint dataflow · varint n · n values (integers of one to five bytes, times as arrays)
 */
import type { Message, WireTime } from "../fabric.ts";
import { putRecords, takeRecords } from "./records.ts";
import { putByte, putVarint, type Sink } from "./sink.ts";
import { damaged, takeByte, takeCount, takeVarint, type Source } from "./source.ts";
import { takeValue } from "./value-reader.ts";
import { putNumber, putValue } from "./value-writer.ts";

const Kind = { data: 1, progress: 2 } as const;

export function putMessage(sink: Sink, message: Message): void {
  if (message.kind === "data") {
    putByte(sink, Kind.data);
    putVarint(sink, message.dataflow);
    putVarint(sink, message.channel);
    putTime(sink, message.time);
    putRecords(sink, message.records, 0);
    return;
  }
  putByte(sink, Kind.progress);
  putVarint(sink, message.dataflow);
  const { changes } = message;
  putVarint(sink, changes.length);
  for (let i = 0; i < changes.length; i++) putTime(sink, changes[i]!);
}

function putTime(sink: Sink, time: WireTime): void {
  if (typeof time === "number") putNumber(sink, time);
  else putValue(sink, time, 0);
}

export function takeMessage(source: Source): Message {
  const kind = takeByte(source);
  if (kind === Kind.data) {
    const dataflow = takeVarint(source);
    const channel = takeVarint(source);
    const time = takeTime(source);
    return { kind: "data", dataflow, channel, time, records: takeRecords(source, 0) };
  }
  if (kind !== Kind.progress) throw damaged(source, `unknown kind of message ${kind}`);
  const dataflow = takeVarint(source);
  const count = takeCount(source);
  const changes = new Array<WireTime>(count);
  for (let i = 0; i < count; i++) changes[i] = takeTime(source);
  return { kind: "progress", dataflow, changes };
}

function takeTime(source: Source): WireTime {
  const time = takeValue(source, 0);
  if (!isTime(time)) throw damaged(source, "a time expected");
  return time;
}

function isTime(value: unknown): value is WireTime {
  if (typeof value === "number") return true;
  return Array.isArray(value) && value.length === 2 && typeof value[1] === "number" && isTime(value[0]);
}
