/**
 * Items become rows, and rows JSON text that the database reads. Every column's value is written for its type: what is JSON stays
 * JSON, dates are ISO text, bytes are `\x…`, digits of a bigint are exact.
 */
import { WeirError } from "../../errors/index.ts";
import { show } from "../../flow/show.ts";
import type { PostgresRow, Settings } from "./options.ts";
import type { Column, Table } from "./table.ts";

export interface EncodedRow {
  readonly json: string;
  readonly gone: boolean;
  readonly row: PostgresRow;
}

/** undefined = the item is no row. Throws WEIR_SINK_FAILED naming the row when it cannot be written. */
export type RowEncoder = (item: unknown) => EncodedRow | undefined;

export function rowEncoder(table: Table, { row: toRow, deletes, key }: Pick<Settings, "row" | "deletes" | "key">): RowEncoder {
  const known = new Set(table.all.map(({ name }) => name));
  const columns = table.columns.map((column) => ({ ...column, prefix: `${JSON.stringify(column.name)}:` }));
  const keyColumns = columns.filter(({ name }) => key.includes(name));

  const read = (item: unknown): { row: PostgresRow; gone: boolean } | undefined => {
    if (toRow !== undefined) {
      const row = toRow(item as never);
      if (row === undefined) return undefined;
      if (typeof row !== "object" || row === null)
        throw new WeirError("WEIR_BAD_RETURN", `postgresSink: row must return an object or undefined, not ${show(row)}`);
      return { row, gone: deletes?.(item as never) === true };
    }
    const pair = Array.isArray(item) && item.length === 2 && typeof item[0] === "string";
    const value: unknown = pair ? item[1] : item;
    const named = pair && key.length === 1 ? { [key[0]!]: item[0] as string } : undefined;
    if (pair && (value === null || value === undefined) && named !== undefined) return { row: named, gone: true };
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw new WeirError(
        "WEIR_SINK_FAILED",
        `postgresSink: an item for table "${table.label}" must be an object of fields, or row must make one of it; it is ${show(item)}`,
      );
    const row = named === undefined ? (value as PostgresRow) : { ...value, ...named };
    return { row, gone: deletes?.(item as never) === true };
  };

  return (item) => {
    const found = read(item);
    if (found === undefined) return undefined;
    const { row, gone } = found;
    try {
      for (const field in row)
        if (!known.has(field) && row[field] !== undefined)
          throw new WeirError("WEIR_SINK_FAILED", `the table has no column "${field}"; its columns are ${[...known].join(", ")}`);
      let json = "{";
      for (const column of gone ? keyColumns : columns) {
        const value = row[column.name];
        if (value === undefined) continue;
        if (json !== "{") json += ",";
        json += column.prefix + jsonOf(value, column.kind, column);
      }
      return { json: `${json}}`, gone, row };
    } catch (error) {
      throw refusal(table, row, error instanceof Error ? error.message : String(error), error);
    }
  };
}

/** The error for a row that the table does not take. */
export function refusal(table: Table, row: PostgresRow, why: string, cause?: unknown): WeirError {
  return new WeirError(
    "WEIR_SINK_FAILED",
    `postgresSink: table "${table.label}" cannot take the row ${nameOf(table, row)}: ${why}`,
    {
      cause,
    },
  );
}

/** By its key or primary key; without one, the row itself, cut short. */
export function nameOf(table: Table, row: PostgresRow): string {
  if (table.naming.length === 0) return show(row);
  return `with ${table.naming.map((name) => `${name} = ${show(row[name])}`).join(", ")}`;
}

function jsonOf(value: unknown, kind: Column["kind"], column: Pick<Column, "name">): string {
  if (value === null) return "null";
  if (kind === "json") return jsonText(value, column.name);
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
      return Number.isFinite(value) ? String(value) : `"${value}"`;
    case "bigint":
    case "boolean":
      return String(value);
    default:
  }
  if (value instanceof Date) return isoOf(value, column.name);
  if (value instanceof Uint8Array) return `"\\\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")}"`;
  if (Array.isArray(value)) return `[${value.map((item) => (item === undefined ? "null" : jsonOf(item, kind, column))).join(",")}]`;
  // Of a composite type, or text.
  return jsonText(value, column.name);
}

function isoOf(value: Date, column: string): string {
  if (Number.isNaN(value.getTime())) throw new Error(`column "${column}" is given an invalid Date`);
  const year = value.getUTCFullYear();
  if (year >= 0 && year <= 9_999) return `"${value.toISOString()}"`;
  // Years of more digits and before the first have a form of their own there.
  const rest = value.toISOString().replace(/^[+-]\d{6}/, "");
  return year > 0 ? `"${year}${rest}"` : `"${String(1 - year).padStart(4, "0")}${rest} BC"`;
}

const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

function jsonText(value: unknown, column: string): string {
  const text = JSON.stringify(value, function (this: Record<string, unknown>, name, given: unknown) {
    const own = this[name];
    if (typeof own === "bigint") return rawJson(own.toString());
    if (own instanceof Map || own instanceof Set || ArrayBuffer.isView(own))
      throw new Error(`column "${column}" is given a ${own.constructor.name}, which JSON cannot hold`);
    if (typeof own === "number" && !Number.isFinite(own))
      throw new Error(`column "${column}" is given ${own}, which JSON cannot hold`);
    return given;
  });
  if (text === undefined) throw new Error(`column "${column}" is given ${show(value)}, which JSON cannot hold`);
  return text;
}
