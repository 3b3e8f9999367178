/** What a delta has rows of, in a form that is small in a manifest: see SnapshotFile. */
import type { SortedRows } from "./sort-rows.ts";
import type { SnapshotFile } from "./types.ts";

export function coverageOf(rows: Pick<SortedRows, "partitions" | "parts">): {
  readonly partitions: string;
  readonly parts?: boolean;
} {
  const digits: number[] = [];
  for (const partition of rows.partitions) {
    const digit = partition >> 2;
    while (digits.length <= digit) digits.push(0);
    digits[digit] = (digits[digit] as number) | (1 << (partition & 3));
  }
  const partitions = digits.map((digit) => digit.toString(16)).join("");
  return rows.parts ? { partitions, parts: true } : { partitions };
}

/** Whether the file may have rows that are wanted. */
export function mayHold(file: SnapshotFile, wanted: (partition: number) => boolean, parts: boolean): boolean {
  if (file.partitions === undefined) return true;
  if (parts && file.parts === true) return true;
  for (let digit = 0; digit < file.partitions.length; digit += 1) {
    const bits = Number.parseInt(file.partitions[digit] as string, 16);
    for (let bit = 0; bit < 4; bit += 1) if ((bits & (1 << bit)) !== 0 && wanted(digit * 4 + bit)) return true;
  }
  return false;
}
