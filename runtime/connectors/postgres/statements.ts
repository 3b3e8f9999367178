/**
 * The SQL for a table. Rows come as JSON objects in an array and become the table's own row type by `json_populate_record`, so
 * the database does all conversions:
 *
 *   source   batch, n, gone, item      n counts from 1 within a batch; gone = a deletion
 *   typed    the same, and the item as columns; a missing field is the column's default
 *   latest   of `typed`, the last of each key
 *
 * Rows are written in the order of their keys, so that two writers of one table seldom wait for each other in a circle.
 */
import { identifier } from "./identifier.ts";
import type { Column, Table } from "./table.ts";

export interface Statements {
  /** What takes rows into the table, in this order, for a source. */
  apply(source: string, deletes: boolean): readonly string[];
  /** The first row, if any, that the table's types, NOT NULL and CHECK would refuse: its n, and why. Types throw. */
  check(source: string): string;
}

/** A deletion is a row in an array of its own. */
const unwrapped = `json_typeof(e.item) = 'array' AS gone, CASE json_typeof(e.item) WHEN 'array' THEN e.item->0 ELSE e.item END AS item`;

/** $1: a JSON array. */
export const given = `SELECT 0 AS batch, e.n, ${unwrapped} FROM json_array_elements($1::json) WITH ORDINALITY AS e(item, n)`;

/** $1, $2: a staged transaction. Rows that somebody has marked to be passed over are left out. */
export function staged(staging: string): string {
  return `SELECT s.batch, e.n, ${unwrapped}
  FROM ${staging} s CROSS JOIN LATERAL json_array_elements(s.items) WITH ORDINALITY AS e(item, n)
  WHERE s.run = $1 AND s.seq = $2 AND NOT e.n = ANY(s.skip)`;
}
/** Up to and with one row: $3 its batch, $4 its n. */
export function stagedUpTo(staging: string): string {
  return `${staged(staging)} AND (s.batch, e.n) <= ($3::int, $4::int8)`;
}

export function statementsFor(table: Table): Statements {
  const written = table.columns.map(({ name }) => identifier(name));
  const key = table.key.map(identifier);
  const base = baseRow(table);
  const typed = (source: string): string => `SELECT x.batch AS "weir batch", x.n AS "weir n", x.gone AS "weir gone", r.*
  FROM (${source}) x CROSS JOIN LATERAL json_populate_record(${base}, x.item) AS r`;
  const latest = (source: string): string => `SELECT DISTINCT ON (${key.join(", ")}) t.* FROM (${typed(source)}) t
  ORDER BY ${key.join(", ")}, "weir batch" DESC, "weir n" DESC`;
  const overriding = table.columns.some(({ identityAlways }) => identityAlways) ? " OVERRIDING SYSTEM VALUE" : "";
  const insert = `INSERT INTO ${table.name} AS target (${written.join(", ")})${overriding}`;
  const others = written.filter((name) => !key.includes(name));
  const conflict =
    others.length === 0 ? "DO NOTHING" : `DO UPDATE SET ${others.map((name) => `${name} = EXCLUDED.${name}`).join(", ")}`;

  return {
    apply(source, deletes) {
      if (key.length === 0)
        return [`${insert} SELECT ${written.join(", ")} FROM (${typed(source)}) t ORDER BY "weir batch", "weir n"`];
      const upsert = `${insert} SELECT ${written.join(", ")} FROM (${latest(source)}) l WHERE NOT "weir gone" ORDER BY ${key.join(", ")}
  ON CONFLICT (${key.join(", ")}) ${conflict}`;
      if (!deletes) return [upsert];
      const same = key.map((name) => `target.${name} = l.${name}`).join(" AND ");
      return [`DELETE FROM ${table.name} AS target USING (${latest(source)}) l WHERE l."weir gone" AND ${same}`, upsert];
    },
    check(source) {
      const rules = table.mends ? [] : rulesOf(table);
      const wrong = rules.length === 0 ? "NULL::text" : `CASE ${rules.join(" ")} END`;
      // The count makes the database convert every row even when there is no rule.
      return `SELECT count(*) AS rows, min("weir n") FILTER (WHERE wrong IS NOT NULL) AS n,
  (array_agg(wrong ORDER BY "weir n") FILTER (WHERE wrong IS NOT NULL))[1] AS wrong
  FROM (SELECT t."weir n", ${wrong} AS wrong FROM (${typed(source)}) t) c`;
    },
  };
}

/** A row of nothing but defaults, for fields that are missing. */
function baseRow(table: Table): string {
  const written = new Set(table.columns.map(({ name }) => name));
  const fallback = ({ name, fallback: expression }: Column): string | undefined => (written.has(name) ? expression : undefined);
  if (table.all.every((column) => fallback(column) === undefined)) return `NULL::${table.name}`;
  return `ROW(${table.all.map((column) => fallback(column) ?? "NULL").join(", ")})::${table.name}`;
}

function rulesOf(table: Table): string[] {
  const keys = table.key.map((name) => `WHEN ${identifier(name)} IS NULL THEN ${literal(`its key "${name}" is null`)}`);
  const filled = table.columns
    .filter(({ name, notNull }) => notNull && !table.key.includes(name))
    .map(({ name }) => `WHEN NOT "weir gone" AND ${identifier(name)} IS NULL THEN ${literal(`column "${name}" must not be null`)}`);
  const checks = table.checks.map(
    ({ name, expression }) =>
      `WHEN NOT "weir gone" AND (${expression}) IS FALSE THEN ${literal(`it violates the check constraint "${name}"`)}`,
  );
  return [...keys, ...filled, ...checks];
}

function literal(text: string): string {
  return text.includes("\\") ? ` E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'` : `'${text.replaceAll("'", "''")}'`;
}
