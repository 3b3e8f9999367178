// Reads request bodies in Kubernetes' protobuf encoding, which Go clients prefer for built-in kinds; answers are always JSON,
// which they accept as well. The structure comes from the OpenAPI schema, the field numbers from fields.jsonl.
// Invariant: zero values of plain fields are left out, as JSON of the same object would; those of pointers are kept.

import { readFileSync } from "node:fs";
import { badRequest } from "../errors/status.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { childOf, itemsOf, nameOfDefinition, resolve, type Schema } from "../schema/schema.ts";

const magic = Buffer.from("k8s\0");
let table: Map<string, Record<string, string>> | undefined;

function fieldsOf(name: string): Record<string, string> | undefined {
  if (!table) {
    const lines = readFileSync(new URL("fields.jsonl", import.meta.url), "utf8")
      .trimEnd()
      .split("\n");
    table = new Map(lines.map((line) => JSON.parse(line) as [string, Record<string, string>]));
  }
  return table.get(name);
}

type Value = bigint | Buffer;

/** Fields of a message in their order. */
function* fieldsIn(bytes: Buffer): Generator<[string, Value]> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw badRequest("unexpected end of a protobuf message");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw badRequest("unexpected end of a protobuf message");
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const key = varint();
    const number = String(key >> 3n);
    switch (key & 7n) {
      case 0n:
        yield [number, BigInt.asIntN(64, varint())];
        break;
      case 1n:
        yield [number, take(8)];
        break;
      case 2n:
        yield [number, take(Number(varint()))];
        break;
      case 5n:
        yield [number, take(4)];
        break;
      default:
        throw badRequest("unknown wire type in a protobuf message");
    }
  }
}

const messageOf = (value: Value): Map<string, Value> => new Map(fieldsIn(value as Buffer));
const textOf = (value: Value | undefined): string => (Buffer.isBuffer(value) ? value.toString("utf8") : "");

function timeOf(value: Value, micro: boolean): Json {
  const parts = messageOf(value);
  if (parts.size === 0) return null;
  const seconds = Number(parts.get("1") ?? 0n);
  const nanos = Number(parts.get("2") ?? 0n);
  const text = new Date(seconds * 1000).toISOString().slice(0, 19);
  return micro ? `${text}.${String(Math.floor(nanos / 1000)).padStart(6, "0")}Z` : `${text}Z`;
}

/** Structs that are something else in JSON, by the last part of their name. */
const special: Record<string, (value: Value) => Json> = {
  Time: (value) => timeOf(value, false),
  MicroTime: (value) => timeOf(value, true),
  Quantity: (value) => textOf(messageOf(value).get("1")),
  IntOrString(value) {
    const parts = messageOf(value);
    return (parts.get("1") ?? 0n) === 0n ? Number(BigInt.asIntN(32, (parts.get("2") as bigint) ?? 0n)) : textOf(parts.get("3"));
  },
  RawExtension: (value) => JSON.parse(textOf(messageOf(value).get("1")) || "null") as Json,
  FieldsV1: (value) => JSON.parse(textOf(messageOf(value).get("1")) || "{}") as Json,
};

function valueOf(schema: Schema, value: Value): Json {
  const name = nameOfDefinition(schema)?.split(".").at(-1) ?? "";
  const other = special[name];
  if (other) return other(value);
  switch (schema.type) {
    case "integer":
      return Number(value);
    case "boolean":
      return value === 1n;
    case "number":
      return (value as Buffer).readDoubleLE(0);
    case "string":
      return (value as Buffer).toString(schema.format === "byte" ? "base64" : "utf8");
    case "object":
      return messageFrom(schema, value as Buffer);
    default:
      throw badRequest(`a value of ${name || "an unknown type"} cannot be read from protobuf`);
  }
}

const isZero = (value: Json): boolean => value === "" || value === 0 || value === false || value === null;

function put(schema: Schema, out: JsonObject, member: string, value: Value): void {
  const pointer = member.startsWith("*");
  const key = pointer ? member.slice(1) : member;
  const child = childOf(schema, key);
  if (!child) return;
  if (child.type === "array") {
    const list = Array.isArray(out[key]) ? out[key] : (out[key] = []);
    list.push(valueOf(itemsOf(child)!, value));
  } else if (child.type === "object" && child.properties === undefined && isObject(child.additionalProperties)) {
    const map = isObject(out[key]) ? out[key] : (out[key] = {});
    const entry = messageOf(value);
    const type = childOf(child, "")!;
    const empty: Value = type.type === "string" || type.type === "object" ? Buffer.alloc(0) : 0n;
    map[textOf(entry.get("1"))] = valueOf(type, entry.get("2") ?? empty);
  } else {
    const read = valueOf(child, value);
    const hollow = isObject(read) && Object.keys(read).length === 0;
    if (pointer || (!isZero(read) && !hollow)) out[key] = read;
  }
}

function messageFrom(schema: Schema, bytes: Buffer, fields = fieldsOf(nameOfDefinition(schema) ?? "")): JsonObject {
  const out: JsonObject = {};
  if (!fields) throw badRequest(`${nameOfDefinition(schema) ?? "this type"} cannot be read from protobuf`);
  for (const [number, value] of fieldsIn(bytes)) {
    const member = fields[number];
    if (member === undefined) continue;
    if (member.startsWith("@")) Object.assign(out, messageFrom(schema, value as Buffer, fieldsOf(member.slice(1))));
    else put(schema, out, member, value);
  }
  return out;
}

/** The object in an envelope (`k8s\0`, then runtime.Unknown). Throws ApiError 400 when it is not one. */
export function decodeProtobuf(body: Buffer, schemaOf: (apiVersion: string, kind: string) => Schema | undefined): Json {
  if (!body.subarray(0, 4).equals(magic))
    throw badRequest("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  const envelope = messageOf(body.subarray(4));
  const type = messageOf(envelope.get("1") ?? Buffer.alloc(0));
  const apiVersion = textOf(type.get("1"));
  const kind = textOf(type.get("2"));
  const schema = schemaOf(apiVersion, kind);
  if (!schema) throw badRequest(`no kind "${kind}" is registered for version "${apiVersion}" in protobuf`);
  return { apiVersion, kind, ...messageFrom(resolve(schema), (envelope.get("2") as Buffer | undefined) ?? Buffer.alloc(0)) };
}
