/**
 * CSV as in RFC 4180: fields between commas, rows between line ends, a field in double quotes may hold all of these and a
 * quote as two. The first row names the columns; each other row becomes an object of strings. Blank lines are skipped.
 * Invariant: `cut` and `parse` agree on where rows end: a quote opens a field only at its very beginning.
 */
import type { TextFormat } from "./text-format.ts";
import { badRecord, splitLines } from "./text-format.ts";

const newline = 10;
const quote = 34;
const comma = 44;

type Row = Record<string, string>;

export function csvFormat(): TextFormat {
  let columns: readonly string[] = [];
  return {
    cut: cutRows,
    header(text, path) {
      columns = parseRows(text, path, 0)[0]?.fields ?? [];
      const twice = columns.find((name, i) => columns.indexOf(name) !== i);
      if (twice !== undefined) throw badRecord(path, 1, `names the column ${JSON.stringify(twice)} twice`);
      if (columns.includes("__proto__")) throw badRecord(path, 1, 'names a column "__proto__", which no object can have');
    },
    parse(text, path, line) {
      return parseRows(text, path, line).map(({ fields, line: at }) => {
        if (fields.length !== columns.length) {
          throw badRecord(path, at, `has ${fields.length} fields, and the header has ${columns.length}: ${columns.join(", ")}`);
        }
        const row: Row = {};
        for (let i = 0; i < columns.length; i++) row[columns[i]!] = fields[i]!;
        return row;
      });
    },
  };
}

function cutRows(buffer: Uint8Array, from: number, to: number, max: number): number {
  let end = from;
  let rows = 0;
  let fieldStart = true;
  let quoted = false;
  let closed = false;
  for (let i = from; i < to; i++) {
    const byte = buffer[i];
    if (quoted) {
      // A second quote right behind this one opens the field again, which comes to the same as reading the pair.
      if (byte === quote) {
        quoted = false;
        closed = true;
      }
      continue;
    }
    if (byte === newline) {
      end = i + 1;
      if (++rows === max) break;
      fieldStart = true;
    } else if (byte === quote) {
      quoted = fieldStart || closed;
      fieldStart = false;
    } else {
      fieldStart = byte === comma;
    }
    closed = false;
  }
  return end;
}

interface Parsed {
  readonly fields: string[];
  readonly line: number;
}

function parseRows(text: string, path: string, linesBefore: number): Parsed[] {
  if (!text.includes('"')) {
    const rows: Parsed[] = [];
    for (const [i, line] of splitLines(text).entries())
      if (line !== "") rows.push({ fields: line.split(","), line: linesBefore + i + 1 });
    return rows;
  }
  const bytes = Buffer.from(text);
  const rows: Parsed[] = [];
  let line = linesBefore + 1;
  for (let from = 0; from < bytes.length;) {
    const cut = cutRows(bytes, from, bytes.length, 1);
    const until = cut === from ? bytes.length : cut;
    const row = bytes.toString("utf8", from, until).replace(/\r?\n$/, "");
    if (row !== "") rows.push({ fields: splitFields(row, path, line), line });
    for (let i = from; i < until; i++) if (bytes[i] === newline) line++;
    from = until;
  }
  return rows;
}

function splitFields(row: string, path: string, line: number): string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (row[at] !== '"') {
      const next = row.indexOf(",", at);
      fields.push(next < 0 ? row.slice(at) : row.slice(at, next));
      if (next < 0) return fields;
      at = next + 1;
      continue;
    }
    let field = "";
    for (let from = at + 1; ;) {
      const close = row.indexOf('"', from);
      if (close < 0) throw badRecord(path, line, "has a quoted field that does not end");
      field += row.slice(from, close);
      at = close + 1;
      if (row[at] !== '"') break;
      field += '"';
      from = at + 1;
    }
    fields.push(field);
    if (at === row.length) return fields;
    if (row[at] !== ",")
      throw badRecord(path, line, `has ${JSON.stringify(row[at])} behind the closing quote of field ${fields.length}`);
    at++;
  }
}
