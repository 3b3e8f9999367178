/**
 * The table as the database describes it, checked once before anything is written: it is there, has the columns that are asked
 * for, a unique index for the key, and we may write to it.
 */
import { WeirError } from "../../errors/index.ts";
import type { Query } from "./database.ts";
import { identifier } from "./identifier.ts";

/** Which table, and how it is written. Stored with what is prepared, so that this is applied as it was meant. */
export interface Target {
  /** undefined: found by the search path. */
  readonly schema: string | undefined;
  readonly table: string;
  readonly key: readonly string[];
  readonly columns: readonly string[] | undefined;
}

export interface Column {
  readonly name: string;
  /** How values are written as JSON: as any JSON, as a list, or as a scalar's text. */
  readonly kind: "json" | "array" | "scalar";
  readonly notNull: boolean;
  /** The default's expression; undefined = NULL. */
  readonly fallback: string | undefined;
  /** GENERATED ALWAYS AS IDENTITY. */
  readonly identityAlways: boolean;
}
export interface Table {
  /** Quoted, with its schema. */
  readonly name: string;
  readonly schema: string;
  /** For messages. */
  readonly label: string;
  /** All that the table has, in its order. */
  readonly all: readonly Column[];
  /** Those that are written. */
  readonly columns: readonly Column[];
  readonly key: readonly string[];
  /** What names a row in messages: the key, or else the primary key if there is one. */
  readonly naming: readonly string[];
  /** CHECK constraints over written columns: name and expression. */
  readonly checks: readonly { readonly name: string; readonly expression: string }[];
  /** A BEFORE trigger may mend rows: only types are checked ahead. */
  readonly mends: boolean;
}

export async function describeTable(query: Query, { schema, table, key, columns }: Target, deletes: boolean): Promise<Table> {
  const label = schema === undefined ? table : `${schema}.${table}`;
  const fail = (problem: string): never => {
    throw new WeirError("WEIR_SINK_FAILED", `postgresSink: ${problem}`);
  };
  const quoted = schema === undefined ? identifier(table) : `${identifier(schema)}.${identifier(table)}`;
  const [relation] = (
    await query(
      `SELECT c.oid::int8 AS oid, n.nspname AS schema, c.relkind AS kind,
              has_table_privilege(c.oid, 'INSERT') AS inserts, has_table_privilege(c.oid, 'UPDATE') AS updates,
              has_table_privilege(c.oid, 'DELETE') AS deletes, has_table_privilege(c.oid, 'SELECT') AS selects,
              EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgtype & 7 = 7) AS mends
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1)`,
      [quoted],
    )
  ).rows;
  if (relation === undefined)
    return fail(`there is no table "${label}" in the database (or the role may not use its schema); create it first`);
  if (relation.kind !== "r" && relation.kind !== "p")
    fail(`"${label}" is not a table that can be written by key (kind ${relation.kind})`);
  const needed = ["INSERT", ...(key.length > 0 ? ["UPDATE", "SELECT"] : []), ...(deletes ? ["DELETE"] : [])];
  const lacking = needed.filter((right) => relation[`${right.toLowerCase()}s`] !== true);
  if (lacking.length > 0) fail(`the role lacks ${lacking.join(", ")} on table "${label}"; GRANT it`);

  const found = (
    await query(
      `SELECT a.attnum AS number, a.attname AS name, t.typtype AS form, t.typcategory AS category, b.typname AS base,
              a.attnotnull AS notnull, a.attidentity AS identity, a.attgenerated AS generated,
              pg_get_expr(d.adbin, d.adrelid) AS fallback
       FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
       JOIN pg_type b ON b.oid = CASE WHEN t.typbasetype = 0 THEN t.oid ELSE t.typbasetype END
       LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
       WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
      [relation.oid],
    )
  ).rows;
  const byName = new Map(found.map((row) => [row.name as string, row]));
  const lost = [...key, ...(columns ?? [])].filter((name) => !byName.has(name));
  if (lost.length > 0) fail(`table "${label}" has no column ${list(lost)}; its columns are ${list([...byName.keys()])}`);
  const computed = (columns ?? []).filter((name) => byName.get(name)!.generated !== "");
  if (computed.length > 0) fail(`column ${list(computed)} of table "${label}" is computed by the table and cannot be written`);

  const own = (row: Record<string, any>): boolean =>
    row.generated === "" && row.identity === "" && !String(row.fallback ?? "").startsWith("nextval(");
  const written = new Set(columns ?? found.filter(own).map((row) => row.name as string));
  for (const name of key) if (columns === undefined) written.add(name);
  const unwritten = key.filter((name) => !written.has(name));
  if (unwritten.length > 0) fail(`columns must have the key's ${list(unwritten)}`);
  const mends = relation.mends as boolean;
  const empty = found.filter(
    (row) =>
      row.notnull && !written.has(row.name as string) && row.fallback === null && row.identity === "" && row.generated === "",
  );
  if (empty.length > 0 && !mends)
    fail(
      `column ${list(empty.map((row) => row.name as string))} of table "${label}" must not be null, has no default, and is not in columns`,
    );

  const all = found.map((row): Column => ({
    name: row.name as string,
    kind: row.base === "json" || row.base === "jsonb" ? "json" : row.category === "A" ? "array" : "scalar",
    notNull: row.notnull as boolean,
    fallback: row.generated === "" ? ((row.fallback as string | null) ?? undefined) : undefined,
    identityAlways: row.identity === "a",
  }));
  const indexes = (
    await query(
      `SELECT i.indisprimary AS primary, ARRAY(SELECT a.attname::text FROM unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY k(number, place)
                JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number ORDER BY k.place) AS columns
       FROM pg_index i WHERE i.indrelid = $1 AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL`,
      [relation.oid],
    )
  ).rows as unknown as { primary: boolean; columns: string[] }[];
  const same = (some: readonly string[]): boolean => some.length === key.length && some.every((name) => key.includes(name));
  if (key.length > 0 && !indexes.some((index) => same(index.columns)))
    fail(
      `table "${label}" has no primary key, unique constraint or full unique index of just (${key.join(", ")}); rows cannot be written over by it`,
    );

  const numbers = new Set(found.filter((row) => written.has(row.name as string)).map((row) => row.number as number));
  const checks = (
    await query(
      `SELECT conname AS name, conkey::int[] AS numbers, pg_get_expr(conbin, conrelid) AS expression FROM pg_constraint
       WHERE conrelid = $1 AND contype = 'c' ORDER BY conname`,
      [relation.oid],
    )
  ).rows.filter((row) => ((row.numbers as number[] | null) ?? []).every((number) => numbers.has(number)));
  return {
    name: `${identifier(relation.schema as string)}.${identifier(table)}`,
    schema: relation.schema as string,
    label,
    all,
    columns: all.filter((column) => written.has(column.name)),
    key,
    naming: key.length > 0 ? key : (indexes.find((index) => index.primary)?.columns ?? []),
    checks: checks.map((row) => ({ name: row.name as string, expression: row.expression as string })),
    mends,
  };
}

function list(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
