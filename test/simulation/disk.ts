/**
 * What the flow writes to, outliving crashes of processes: files that a sink appends to and truncates, a log that a
 * transactional sink commits to, and a plain list that sees each item at least once.
 */
import type { DynamicSink, PartitionedSink, TransactionalSink } from "../../runtime/flow/index.ts";

export interface Disk {
  readonly files: Map<string, string[]>;
  readonly committed: Map<string, string[]>;
  readonly seen: string[];
  fileSink(parts: number): PartitionedSink<string, number>;
  ledger(): TransactionalSink<readonly [string, string], Prepared>;
  list(): DynamicSink<readonly [string, string]>;
}
export interface Prepared {
  readonly id: string;
  readonly items: readonly string[];
}

export function createDisk(): Disk {
  const files = new Map<string, string[]>();
  const committed = new Map<string, string[]>();
  const seen: string[] = [];
  let transactions = 0;
  return {
    files,
    committed,
    seen,
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
        committed.set(prepared.id, [...prepared.items]);
      },
      abort() {},
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
