/** Encoded rows on their way to the database, as one JSON array. */
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
  /** Places from 1 of deletions. */
  readonly gone: readonly number[];
}

export function newBatch(size: number): Batch {
  const texts: string[] = [];
  const rows: PostgresRow[] = [];
  const gone: number[] = [];
  let characters = 0;
  return {
    add(row) {
      texts.push(row.json);
      rows.push(row.row);
      if (row.gone) gone.push(texts.length);
      characters += row.json.length;
    },
    rows,
    gone,
    get full() {
      return texts.length >= size || characters >= largest;
    },
    items: (length = texts.length) => `[${texts.slice(0, length).join(",")}]`,
  };
}
