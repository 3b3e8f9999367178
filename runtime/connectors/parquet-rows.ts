/** Rows of Parquet data made from its columns. Invariant: what a number cannot hold exactly is never made one. */
import { WeirError } from "../errors/index.ts";

/** 64-bit integers as numbers. Throws WEIR_SOURCE_FAILED for one beyond 2⁵³; `part` is what the message calls the data. */
export function withoutBigints(data: ArrayLike<unknown>, part: string, column: string): ArrayLike<unknown> {
  const numbers = Array.from(data);
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i];
    if (typeof value !== "bigint") continue;
    const number = Number(value);
    if (!Number.isSafeInteger(number)) {
      throw new WeirError(
        "WEIR_SOURCE_FAILED",
        `"${part}" row ${i}: column "${column}" has ${value}, which a number cannot hold exactly`,
      );
    }
    numbers[i] = number;
  }
  return numbers;
}

export type RowMaker<T> = (from: number, until: number) => T[];

/** Compiles the loop that makes the rows, so that each is one object literal with a fixed shape. */
export function rowMaker<T>(columns: readonly string[], data: readonly ArrayLike<unknown>[]): RowMaker<T> {
  const fields = columns.map((column, i) => `[${JSON.stringify(column)}]: c${i}[i]`).join(", ");
  const body = `return (from, until) => {
    const rows = new Array(until - from);
    for (let i = from; i < until; i++) rows[i - from] = { ${fields} };
    return rows;
  };`;
  return (new Function(...columns.map((_, i) => `c${i}`), body) as (...data: readonly ArrayLike<unknown>[]) => RowMaker<T>)(
    ...data,
  );
}
