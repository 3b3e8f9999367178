/**
 * Rows as Parquet: they are held until a row group is full, then written column by column. Without a schema the first row group of
 * an object says which columns there are; with one all objects have the same. Every column may hold nulls.
 */
import { WeirError } from "../../errors/index.ts";
import { show } from "../../flow/show.ts";
import type { Encoder } from "./encoder.ts";

/** As Parquet calls them; TIMESTAMP holds Dates, JSON anything that has a JSON. */
export type ParquetType = "BOOLEAN" | "INT32" | "INT64" | "FLOAT" | "DOUBLE" | "STRING" | "TIMESTAMP" | "JSON" | "BYTE_ARRAY";
export type ParquetSchema = Readonly<Record<string, ParquetType>>;

type Row = Readonly<Record<string, unknown>>;

/** What a value of the type must be, and what the writer wants to have for it. Undefined: it is none. */
const readers: Record<ParquetType, (value: unknown) => unknown> = {
  BOOLEAN: (value) => (typeof value === "boolean" ? value : undefined),
  INT32: (value) => (Number.isInteger(value) && (value as number) === ((value as number) | 0) ? value : undefined),
  INT64(value) {
    if (typeof value === "bigint") return BigInt.asIntN(64, value) === value ? value : undefined;
    return Number.isSafeInteger(value) ? BigInt(value as number) : undefined;
  },
  FLOAT: (value) => (typeof value === "number" ? value : undefined),
  DOUBLE: (value) => (typeof value === "number" ? value : undefined),
  STRING: (value) => (typeof value === "string" ? value : undefined),
  TIMESTAMP: (value) => (value instanceof Date && !Number.isNaN(value.getTime()) ? value : undefined),
  JSON: (value) => (typeof value === "function" || typeof value === "symbol" ? undefined : value),
  BYTE_ARRAY: (value) => (value instanceof Uint8Array ? value : undefined),
};
export const parquetTypes: readonly string[] = Object.keys(readers);

/** Bytes of a row, before anything is known about them. */
const assumedRowBytes = 200;

export function parquetEncoder(schema: ParquetSchema | undefined, rowGroupSize: number): Encoder {
  let rows: Row[] = [];
  let columns = schema;
  let rowBytes = assumedRowBytes;
  let output: Output | undefined;

  const writeGroup = async (): Promise<Uint8Array> => {
    columns ??= inferSchema(rows);
    output ??= await openOutput(columns);
    const bytes = output.group(Object.entries(columns).map(([name, type]) => ({ name, data: columnOf(rows, name, type) })));
    rowBytes = Math.max(1, bytes.length / rows.length);
    rows = [];
    return bytes;
  };
  return {
    get held() {
      return rows.length * rowBytes;
    },
    async add(items) {
      const groups: Uint8Array[] = [];
      for (const item of items) {
        rows.push(rowOf(item, columns));
        if (rows.length >= rowGroupSize) groups.push(await writeGroup());
      }
      return groups.length === 0 ? undefined : Buffer.concat(groups);
    },
    async end() {
      const last = rows.length > 0 || output === undefined ? await writeGroup() : new Uint8Array();
      return Buffer.concat([last, output!.footer()]);
    },
  };
}

function rowOf(item: unknown, columns: ParquetSchema | undefined): Row {
  if (typeof item !== "object" || item === null || Array.isArray(item))
    throw new WeirError("WEIR_SINK_FAILED", `Cannot write ${show(item)} as a row: rows are objects by the names of columns`);
  if (columns === undefined) return item as Row;
  for (const name of Object.keys(item)) {
    if (columns[name] === undefined && (item as Row)[name] !== undefined) {
      throw new WeirError(
        "WEIR_SINK_FAILED",
        `Cannot write ${show(item)}: the object has no column ${show(name)}, only ${Object.keys(columns).join(", ")}. ` +
          "Give all columns in the sink's schema.",
      );
    }
  }
  return item as Row;
}

function columnOf(rows: readonly Row[], name: string, type: ParquetType): unknown[] {
  const read = readers[type];
  return rows.map((row) => {
    const value = row[name] ?? null;
    if (value === null) return null;
    const stored = read(value);
    if (stored === undefined)
      throw new WeirError("WEIR_SINK_FAILED", `Cannot write ${show(value)} into the ${type} column ${show(name)} of ${show(row)}`);
    return stored;
  });
}

/** Numbers are DOUBLE, whole or not: whether the next one is whole is not known. Columns without a value are STRING. */
export function inferSchema(rows: readonly Row[]): ParquetSchema {
  const types = new Map<string, ParquetType | undefined>();
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      const type = typeOf(value);
      const known = types.get(name);
      if (known !== undefined && type !== undefined && known !== type) {
        throw new WeirError(
          "WEIR_SINK_FAILED",
          `Column ${show(name)} has values of type ${known} and ${type}: give its type in the sink's schema`,
        );
      }
      types.set(name, known ?? type);
    }
  }
  return Object.fromEntries([...types].map(([name, type]) => [name, type ?? "STRING"]));
}

function typeOf(value: unknown): ParquetType | undefined {
  switch (typeof value) {
    case "boolean":
      return "BOOLEAN";
    case "bigint":
      return "INT64";
    case "number":
      return "DOUBLE";
    case "string":
      return "STRING";
    case "object":
      if (value === null) return undefined;
      if (value instanceof Date) return "TIMESTAMP";
      return value instanceof Uint8Array ? "BYTE_ARRAY" : "JSON";
    default:
      return undefined;
  }
}

interface Output {
  group(columns: { name: string; data: unknown[] }[]): Uint8Array;
  footer(): Uint8Array;
}

async function openOutput(columns: ParquetSchema): Promise<Output> {
  const { ByteWriter, ParquetWriter, schemaFromColumnData } = await import("hyparquet-writer");
  const writer = new ByteWriter();
  const columnData = Object.entries(columns).map(([name, type]) => ({ name, type, data: [] }));
  const parquet = new ParquetWriter({ writer, schema: schemaFromColumnData({ columnData }), createdBy: "weir" });
  /** What was written since; offsets in the file go on. */
  const taken = (): Uint8Array => {
    const bytes = writer.getBytes().slice();
    writer.index = 0;
    return bytes;
  };
  return {
    group(data) {
      void parquet.write({ columnData: data, rowGroupSize: data[0]?.data.length || 1 });
      return taken();
    },
    footer() {
      void parquet.finish();
      return taken();
    },
  };
}
