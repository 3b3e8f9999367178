/**
 * The one rule of which rows of which file count, used alike by loading and compaction. A row of partition p in a file at
 * position q is void when
 *   - the file is a delta and p has a base at q or later, or the file is a base of p and there is a later one;
 *   - its step's state was dropped at q or later.
 * All other rows apply in the order of the files, the last one of a key wins.
 */
import { WeirError } from "../errors/index.ts";
import { mayHold } from "./coverage.ts";
import type { RowFilter } from "./files/index.ts";
import { type FileName, comparePositions, droppedAt, inOrder, isDelta, parseName } from "./names.ts";
import type { DroppedStep, SnapshotFile } from "./types.ts";

export interface Wanted {
  readonly partitions: (partition: number) => boolean;
  /** Positions of sources and sinks. */
  readonly parts: boolean;
  readonly steps?: ((step: string) => boolean) | undefined;
}
export interface FileToRead {
  readonly file: SnapshotFile;
  readonly name: FileName;
  /** The rows of it that count and are wanted. */
  readonly filter: RowFilter;
}

/**
 * The files that may hold wanted rows, in the order in which they apply.
 * @throws WEIR_SNAPSHOT_DAMAGED when a file has a name that is none of ours
 */
export function filesToRead(
  files: readonly SnapshotFile[],
  dropped: readonly DroppedStep[] | undefined,
  wanted: Wanted,
): FileToRead[] {
  const named = inOrder(files).map((file) => ({ file, name: nameOf(file) }));
  const bases = new Map<number | undefined, FileName>();
  for (const { file, name } of named) {
    if (isDelta(file.path)) continue;
    const known = bases.get(name.partition);
    if (known === undefined || comparePositions(name, known) > 0) bases.set(name.partition, name);
  }
  return named.flatMap(({ file, name }) => {
    const delta = isDelta(file.path);
    const counts = (partition: number | undefined): boolean => {
      const base = bases.get(partition);
      return delta ? base === undefined || comparePositions(name, base) > 0 : base === name;
    };
    const partitions = (partition: number): boolean => wanted.partitions(partition) && counts(partition);
    const parts = wanted.parts && counts(undefined);
    const needed = delta ? mayHold(file, partitions, parts) : name.kind === "parts" ? parts : partitions(name.partition as number);
    if (!needed) return [];
    const step = (id: string): boolean => {
      const voided = droppedAt(dropped, id);
      return (voided === undefined || comparePositions(name, voided) > 0) && wanted.steps?.(id) !== false;
    };
    return [{ file, name, filter: { partition: partitions, parts, step } }];
  });
}

export function nameOf(file: SnapshotFile): FileName {
  const name = parseName(file.path);
  if (name === undefined)
    throw new WeirError("WEIR_SNAPSHOT_DAMAGED", `the manifest names ${file.path}, which is no name of a snapshot file`);
  return name;
}
