/** Encoded rows on their way to the database, as one JSON array; a deletion is in an array of its own. */
import type { EncodedRow } from "./row-encoder.ts";
import type { PostgresRow } from "./options.ts";

/** In characters; a value of a column may make a batch larger. */
const largest = 1 << 20;

export interface Batch {
  add(row: EncodedRow): void;
  readonly rows: readonly PostgresRow[];
  /** Large enough to be sent. */
  readonly full: boolean;
  /** The first `length` rows. */
  items(length?: number): string;
  /** Some of them are deletions. */
  readonly deletes: boolean;
}

export function newBatch(size: number): Batch {
  const texts: string[] = [];
  const rows: PostgresRow[] = [];
  let deletes = false;
  let characters = 0;
  return {
    add(row) {
      texts.push(row.gone ? `[${row.json}]` : row.json);
      rows.push(row.row);
      if (row.gone) deletes = true;
      characters += row.json.length;
    },
    rows,
    get deletes() {
      return deletes;
    },
    get full() {
      return texts.length >= size || characters >= largest;
    },
    items: (length = texts.length) => `[${texts.slice(0, length).join(",")}]`,
  };
}
