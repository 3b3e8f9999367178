/**
 * Loading a snapshot: its files in the order in which they apply, as batches. A later row of a key replaces an earlier one, a
 * removed row removes it. The next files are fetched while one is read.
 */
import { type FileSource, openFile } from "../files/index.ts";
import { type FileToRead, type Wanted, filesToRead } from "../merge-files.ts";
import type { RowBatch, Snapshot, Store } from "../types.ts";

export interface LoadOptions extends Wanted {
  /** Where files come from; default the store. */
  readonly source?: FileSource | undefined;
  /** Paths of files that are passed over: their rows are known already. They count when it is decided which rows are void. */
  readonly except?: ReadonlySet<string> | undefined;
}

/** Files that are fetched ahead of the one that is read. */
const ahead = 4;

/** @throws WEIR_SNAPSHOT_MISSING, WEIR_SNAPSHOT_DAMAGED, WEIR_STORE_FAILED while iterating */
export async function* loadSnapshot(store: Store, snapshot: Snapshot, options: LoadOptions): AsyncIterable<RowBatch> {
  const files = filesToRead(snapshot.files, snapshot.dropped, options).filter(
    ({ file }) => options.except?.has(file.path) !== true,
  );
  const opening: ReturnType<typeof openFile>[] = [];
  const start = (next: FileToRead | undefined): void => {
    if (next === undefined) return;
    const opened = openFile(store, next.file, options.source);
    // Its failure is reported when its turn comes, or not at all when an earlier one has failed.
    opened.catch(() => undefined);
    opening.push(opened);
  };
  for (const file of files.slice(0, ahead)) start(file);
  try {
    for (let index = 0; index < files.length; index += 1) {
      const { name, filter } = files[index] as FileToRead;
      const opened = await (opening.shift() as ReturnType<typeof openFile>);
      start(files[index + ahead]);
      try {
        yield* opened.rows(name.epoch, filter);
      } finally {
        opened.close();
      }
    }
  } finally {
    for (const unread of opening)
      void unread.then(
        (opened) => opened.close(),
        () => undefined,
      );
  }
}
