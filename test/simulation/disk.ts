/**
 * What the flow writes to, outliving crashes of processes: files that a sink appends to and truncates, a log that a
 * transactional sink commits to, and a plain list that sees each item at least once.
 */
import type { DynamicSink, PartitionedSink, TransactionalSink } from "../../runtime/flow/index.ts";

export interface Disk {
  readonly files: Map<string, string[]>;
  readonly committed: Map<string, string[]>;
  readonly seen: string[];
  /** Ids of transactions that were given up. */
  readonly aborted: Set<string>;
  fileSink(parts: number): PartitionedSink<string, number>;
  ledger(): TransactionalSink<readonly [string, string], Prepared>;
  list(): DynamicSink<readonly [string, string]>;
}
export interface Prepared {
  readonly id: string;
  readonly items: readonly string[];
}

/** @param commitFails whether the ledger is out of reach just now */
export function createDisk(commitFails: () => boolean = () => false): Disk {
  const files = new Map<string, string[]>();
  const committed = new Map<string, string[]>();
  const seen: string[] = [];
  const aborted = new Set<string>();
  let transactions = 0;
  return {
    files,
    committed,
    seen,
    aborted,
    fileSink: (parts) => ({
      kind: "partitioned",
      listParts: () => Array.from({ length: parts }, (_, part) => `file-${part}`),
      buildPart(part, resume) {
        const lines = files.get(part) ?? [];
        files.set(part, lines);
        if (lines.length < (resume ?? 0)) throw new Error(`${part} has ${lines.length} lines, the snapshot says ${resume}`);
        lines.length = resume ?? 0;
        return {
          writeBatch(items) {
            lines.push(...items);
          },
          snapshot: () => lines.length,
        };
      },
    }),
    ledger: () => ({
      kind: "transactional",
      build() {
        let open: string[] = [];
        return {
          writeBatch(items) {
            for (const [key, value] of items) open.push(`${key}=${value}`);
          },
          prepare() {
            if (open.length === 0) return undefined;
            const prepared: Prepared = { id: `t${transactions++}`, items: open };
            open = [];
            return prepared;
          },
        };
      },
      commit(prepared) {
        if (commitFails()) throw new Error("the ledger is out of reach");
        if (aborted.has(prepared.id)) throw new Error(`transaction ${prepared.id} was aborted, and is committed now`);
        committed.set(prepared.id, [...prepared.items]);
      },
      abort(prepared) {
        if (committed.has(prepared.id)) throw new Error(`transaction ${prepared.id} was committed, and is aborted now`);
        aborted.add(prepared.id);
      },
    }),
    list: () => ({
      kind: "dynamic",
      build: () => ({
        writeBatch(items) {
          for (const [key, value] of items) seen.push(`${key}=${value}`);
        },
      }),
    }),
  };
}
