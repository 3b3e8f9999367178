/** Puts rows into the table, or stages them for later; a row that the table refuses is named. Both sinks and the commit use it. */
import { randomUUID } from "node:crypto";
import { isWeirError } from "../../errors/index.ts";
import type { Batch } from "./batch.ts";
import { firstCulprit } from "./culprit.ts";
import { type Database, patience, type Query } from "./database.ts";
import { messageOf, passesWithTime } from "./failure.ts";
import type { PostgresRow } from "./options.ts";
import { refusal } from "./row-encoder.ts";
import { beginCommit, dropStaged, stageBatch, type StagedTransaction, stagingTable } from "./staging.ts";
import { given, staged, stagedUpTo, type Statements } from "./statements.ts";
import type { Table } from "./table.ts";

export interface Writer {
  readonly table: Table;
  /** Applies a batch at once, in a transaction of its own. */
  apply(batch: Batch, signal?: AbortSignal): Promise<void>;
  /** Checks a batch's types, NOT NULL and CHECK, and stages it. */
  stage(of: StagedBatch, batch: Batch, signal?: AbortSignal): Promise<void>;
  /** Applies what was staged, if that has not been done yet. */
  commit(transaction: CommittedTransaction): Promise<void>;
  abort(transaction: StagedTransaction): Promise<void>;
}
export interface StagedBatch {
  readonly run: string;
  readonly seq: number;
  readonly batch: number;
  readonly sink: string;
  readonly execution: number;
}
export interface CommittedTransaction extends StagedTransaction {
  readonly sink: string;
  readonly execution: number;
  readonly worker: number;
  readonly epoch: number;
  /** Some rows are deletions. */
  readonly deletes: boolean;
}

export const newRun = (): string => randomUUID();

export function createWriter(database: Database, table: Table, statements: Statements, schema: string, timeoutMs: number): Writer {
  const check = statements.check(given);
  const staging = stagingTable(schema);
  /** Undone again, whatever comes of it. */
  const tried = async (query: Query, work: () => Promise<unknown>): Promise<unknown> => {
    await query("SAVEPOINT attempt");
    try {
      await work();
      await query("SET CONSTRAINTS ALL IMMEDIATE");
      return undefined;
    } catch (error) {
      if (passesWithTime(error)) throw error;
      return error;
    } finally {
      await query("ROLLBACK TO SAVEPOINT attempt");
    }
  };
  const applyGiven = async (query: Query, batch: Batch, length: number): Promise<void> => {
    for (const statement of statements.apply(given, batch.deletes)) await query(statement, [batch.items(length)]);
  };
  const checkGiven = async (query: Query, batch: Batch, length: number): Promise<void> => {
    const { n, wrong } = (await query(check, [batch.items(length)])).rows[0]!;
    if (wrong !== null) throw refusal(table, batch.rows[Number(n) - 1]!, wrong as string);
  };
  const write = `write to table "${table.label}"`;

  /** The error for the row that made `error`, if one can be found. */
  const accuse = async (
    error: unknown,
    count: number,
    attempt: (query: Query, length: number) => Promise<unknown>,
    rowAt: (query: Query, place: number) => Promise<PostgresRow> | PostgresRow,
    hint: (place: number) => string = () => "",
  ): Promise<unknown> => {
    const cause = (error as { cause?: unknown }).cause ?? error;
    // Classes 22 and 23: what is wrong with the data. Others are not a row's fault.
    if (isWeirError(cause) || !/^2[23]/.test(String((cause as { code?: unknown }).code))) return error;
    try {
      return await database.run(write, async (query) => {
        await query("BEGIN");
        try {
          const found = await firstCulprit(count, (length) => tried(query, () => attempt(query, length)));
          if (found === undefined) return error;
          if (isWeirError(found.why)) return found.why;
          return refusal(table, await rowAt(query, found.at), `${messageOf(found.why)}${hint(found.at)}`, found.why);
        } finally {
          await query("ROLLBACK");
        }
      });
    } catch {
      // What was wrong in the first place matters more than that the search failed.
      return error;
    }
  };

  return {
    table,
    async apply(batch, signal) {
      try {
        await database.transaction(write, (query) => applyGiven(query, batch, batch.rows.length), signal);
      } catch (error) {
        throw await accuse(
          error,
          batch.rows.length,
          (query, length) => applyGiven(query, batch, length),
          (_query, place) => batch.rows[place]!,
        );
      }
    },
    async stage(of, batch, signal) {
      try {
        await database.transaction(
          `stage rows for table "${table.label}"`,
          async (query) => {
            await checkGiven(query, batch, batch.rows.length);
            await stageBatch(query, schema, of, batch.items());
          },
          signal,
        );
      } catch (error) {
        throw await accuse(
          error,
          batch.rows.length,
          (query, length) => checkGiven(query, batch, length),
          (_query, place) => batch.rows[place]!,
        );
      }
    },
    async commit(transaction) {
      const { run, seq } = transaction;
      const long = timeoutMs * patience;
      const applyStaged = async (query: Query): Promise<void> => {
        for (const statement of statements.apply(staged(staging), transaction.deletes)) await query(statement, [run, seq], long);
      };
      try {
        await database.transaction(write, async (query) => {
          if (!(await beginCommit(query, schema, transaction))) return;
          await applyStaged(query);
          await dropStaged(query, schema, transaction);
        });
      } catch (error) {
        const places: [batch: number, n: number][] = [];
        const upTo = statements.apply(stagedUpTo(staging), transaction.deletes);
        throw await accuse(
          error,
          await countStaged(transaction, places),
          async (query, length) => {
            for (const statement of upTo) await query(statement, [run, seq, ...places[length - 1]!], long);
          },
          async (query, place) => {
            const [batch, n] = places[place]!;
            const found = await query(
              `SELECT items->($4::int - 1) AS item FROM ${staging} WHERE run = $1 AND seq = $2 AND batch = $3`,
              [run, seq, batch, n],
            );
            const { item } = found.rows[0]! as { item: PostgresRow | [PostgresRow] };
            return Array.isArray(item) ? (item[0] as PostgresRow) : (item as PostgresRow);
          },
          (place) =>
            `. Nothing of run ${run}, transaction ${seq} was written; it stays staged and is committed when the flow starts again and ` +
            `the table takes it. The row is in batch ${places[place]![0]} at place ${places[place]![1]}`,
        );
      }
    },
    abort: (transaction) =>
      database.transaction(`give up what was staged for table "${table.label}"`, (query) => dropStaged(query, schema, transaction)),
  };

  async function countStaged({ run, seq }: StagedTransaction, places: [number, number][]): Promise<number> {
    const { rows } = await database.run(write, (query) =>
      query(
        `SELECT s.batch, n FROM ${staging} s CROSS JOIN LATERAL generate_series(1, json_array_length(s.items)) n
         WHERE s.run = $1 AND s.seq = $2 AND NOT n = ANY(s.skip) ORDER BY s.batch, n`,
        [run, seq],
      ),
    );
    for (const { batch, n } of rows) places.push([Number(batch), Number(n)]);
    return places.length;
  }
}
