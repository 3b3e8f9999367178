/**
 * Two tables of ours in the database make the sink exactly once. What one part writes in one snapshot interval is a transaction:
 *
 *   weir_staging   its rows, in batches, from when they are written until it is committed or given up
 *   weir_commits   a row per run of a part (one worker in one execution): the last of its transactions that was committed
 *
 * Committing applies the staged rows, deletes them and moves `committed` on, in one transaction of the database. So it takes
 * place once, however often it is asked for, and a transaction that is neither staged nor committed is one that was lost.
 */
import { WeirError } from "../../errors/index.ts";
import type { Query } from "./database.ts";
import { identifier } from "./identifier.ts";

/** A part's transaction; what the snapshot stores of it. Runs have random names, so that no two stores or flows share one. */
export interface StagedTransaction {
  readonly run: string;
  /** Counts the transactions of a run from 1. */
  readonly seq: number;
  readonly batches: number;
}

/** What creates both tables. */
export function stagingTables(schema: string): readonly string[] {
  const at = identifier(schema);
  return [
    `CREATE TABLE IF NOT EXISTS ${at}.weir_staging (
  run text, seq bigint, batch int, sink text NOT NULL, execution bigint NOT NULL,
  items json NOT NULL, skip bigint[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (run, seq, batch))`,
    `CREATE TABLE IF NOT EXISTS ${at}.weir_commits (
  run text PRIMARY KEY, sink text NOT NULL, execution bigint NOT NULL, worker int NOT NULL,
  committed bigint NOT NULL, epoch bigint NOT NULL, committed_at timestamptz NOT NULL DEFAULT now())`,
  ];
}

export const stagingTable = (schema: string): string => `${identifier(schema)}.weir_staging`;
export const commitsTable = (schema: string): string => `${identifier(schema)}.weir_commits`;

/** Creates the tables when they are not there and we may. Throws WEIR_SINK_FAILED with what to run when we may not. */
export async function ensureStaging(query: Query, schema: string): Promise<void> {
  const [rights] = (
    await query(
      `SELECT to_regclass($1) IS NOT NULL AND to_regclass($2) IS NOT NULL AS there,
              coalesce(has_schema_privilege(to_regnamespace($3)::oid, 'CREATE'), false) AS may`,
      [stagingTable(schema), commitsTable(schema), identifier(schema)],
    )
  ).rows;
  if (rights!.there === true) {
    const [grants] = (
      await query(
        `SELECT has_table_privilege(to_regclass($1), 'SELECT') AND has_table_privilege(to_regclass($1), 'INSERT') AND
                has_table_privilege(to_regclass($1), 'DELETE') AND has_table_privilege(to_regclass($2), 'SELECT') AND
                has_table_privilege(to_regclass($2), 'INSERT') AND has_table_privilege(to_regclass($2), 'UPDATE') AS ok`,
        [stagingTable(schema), commitsTable(schema)],
      )
    ).rows;
    if (grants!.ok === true) return;
    throw new WeirError(
      "WEIR_SINK_FAILED",
      `postgresSink: the role may not use ${stagingTable(schema)} and ${commitsTable(schema)}; GRANT SELECT, INSERT, UPDATE, DELETE on both`,
    );
  }
  if (rights!.may !== true)
    throw new WeirError(
      "WEIR_SINK_FAILED",
      `postgresSink: its tables are not in schema "${schema}" and the role may not create them there. Have this run by who may, or name another stagingSchema:\n${stagingTables(schema).join(";\n")};`,
    );
  // Workers that start together would trip over each other's CREATE.
  await query("SELECT pg_advisory_xact_lock(hashtext('weir_staging'))");
  for (const statement of stagingTables(schema)) await query(statement);
}

/** Adds a batch, once. */
export async function stageBatch(
  query: Query,
  schema: string,
  of: { readonly run: string; readonly seq: number; readonly batch: number; readonly sink: string; readonly execution: number },
  items: string,
): Promise<void> {
  await query(
    `INSERT INTO ${stagingTable(schema)} (run, seq, batch, sink, execution, items) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT DO NOTHING`,
    [of.run, of.seq, of.batch, of.sink, of.execution, items],
  );
}

/**
 * Gives up what earlier executions have staged: whatever of it a snapshot names was committed before this execution began, and
 * nobody can make a snapshot name the rest any more. Of later executions nothing is touched, however late the caller is.
 */
export async function clearEarlier(query: Query, schema: string, sink: string, execution: number): Promise<void> {
  await query(`DELETE FROM ${stagingTable(schema)} WHERE sink = $1 AND execution < $2`, [sink, execution]);
}

export async function dropStaged(query: Query, schema: string, { run, seq }: StagedTransaction): Promise<void> {
  await query(`DELETE FROM ${stagingTable(schema)} WHERE run = $1 AND seq = $2`, [run, seq]);
}

/**
 * Within a transaction of the database: true when the rows are to be applied now, false when that was done before. Whoever asks
 * at the same time waits. Throws WEIR_SINK_STATE when staged batches are missing.
 */
export async function beginCommit(
  query: Query,
  schema: string,
  transaction: StagedTransaction & {
    readonly sink: string;
    readonly execution: number;
    readonly worker: number;
    readonly epoch: number;
  },
): Promise<boolean> {
  const { run, seq, batches, sink, execution, worker, epoch } = transaction;
  const commits = commitsTable(schema);
  await query(
    `INSERT INTO ${commits} (run, sink, execution, worker, committed, epoch) VALUES ($1, $2, $3, $4, 0, 0) ON CONFLICT DO NOTHING`,
    [run, sink, execution, worker],
  );
  const moved = await query(
    `UPDATE ${commits} SET committed = $2, epoch = $3, committed_at = now() WHERE run = $1 AND committed < $2`,
    [run, seq, epoch],
  );
  if (moved.rowCount === 0) return false;
  const [staged] = (
    await query(`SELECT count(*)::int AS batches FROM ${stagingTable(schema)} WHERE run = $1 AND seq = $2`, [run, seq])
  ).rows;
  if (staged!.batches === batches) return true;
  throw new WeirError(
    "WEIR_SINK_STATE",
    `postgresSink: the snapshot says that ${batches} batches of rows are staged in ${stagingTable(schema)} as run ${run}, transaction ${seq}, and ${staged!.batches} are there. ` +
      `Was the database restored from a backup, or does another flow of this name write to it with the same id?`,
  );
}
