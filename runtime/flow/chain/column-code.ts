/**
 * Source code for the columns that a chain writes: `o0k` and `o0v` are the keys and values that leave by outlet 0, `o0n` says how many there are so far.
 *
 * Fresh memory is what a column costs most, and how many records a chunk keeps is known when it is done. Numbers are therefore gathered
 * in one array that is kept (`o0vKept`), whose memory is in the processor's caches, and leave in a copy of just their length. References
 * are not: V8 has to note each one that it writes into an old array. They go into a fresh array as long as the chunk, which is cut. As
 * soon as a column has begun or ended with something else than a number, it is of that kind (`o0vFits`).
 */
import { chunkLimit, chunkRecords } from "../chunk.ts";

export const placeOf = (column: string): string => `${column.slice(0, -1)}n`;

const mayBeKept = (column: string): boolean => column.endsWith("v");

/** What is kept from chunk to chunk. */
export const declareColumn = (column: string): string => (mayBeKept(column) ? `let ${column}Kept, ${column}Fits = true;` : "");

/** An expression for a column of a chunk with `length` records. Small chunks are not worth it. */
export function openColumn(column: string): string {
  const fresh = "new Array(length)";
  if (!mayBeKept(column)) return fresh;
  const fits = `${column}Fits && length >= ${chunkRecords} && length <= ${chunkLimit}`;
  return `${fits} ? ${column}Kept ??= new Array(${chunkLimit}) : ${fresh}`;
}

/** Makes the column as long as it has become. */
export function closeColumn(column: string): string {
  const count = placeOf(column);
  const cut = `if (${count} < length) ${column}.length = ${count};`;
  if (!mayBeKept(column)) return cut;
  return `if (${column} === ${column}Kept) ${column} = ${column}.slice(0, ${count}); else ${cut}
if (typeof ${column}[0] !== "number" || typeof ${column}[${count} - 1] !== "number") { ${column}Fits = false; ${column}Kept = undefined; }`;
}
