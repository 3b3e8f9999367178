/**
 * A pool of connections that is made when it is first needed. Work is a function that is run again from its beginning when the
 * connection is lost or a conflict with others ends it, with growing pauses; so all work must come to the same when it is done
 * twice. A connection on which anything failed is not used again.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Connection, loadDriver, type Pool, type QueryResult } from "./driver.ts";
import { passesWithTime, sinkFailure } from "./failure.ts";
import type { Settings } from "./options.ts";

export type Query = (text: string, values?: readonly unknown[], timeoutMs?: number) => Promise<QueryResult>;

export interface Database {
  /** Work of single statements, or that opens transactions itself. `doing` completes "cannot …". */
  run<R>(doing: string, work: (query: Query) => Promise<R>, signal?: AbortSignal): Promise<R>;
  /** Work in one transaction: all of it, or nothing. */
  transaction<R>(doing: string, work: (query: Query) => Promise<R>, signal?: AbortSignal): Promise<R>;
}

/** Statements that apply a whole interval may take so many times as long as others. */
export const patience = 10;

const ignore = (): void => {};

export function openDatabase({ pool: config, retryForMs, timeoutMs }: Settings): Database {
  const longestMs = Math.min(timeoutMs * patience, 2 ** 31 - 1);
  let pool: Promise<Pool> | undefined;
  const open = (): Promise<Pool> =>
    (pool ??= loadDriver().then(
      ({ Pool }) => {
        const made = new Pool(config);
        // Idle connections may be cut; whoever needs one next gets another.
        made.on("error", ignore);
        return made;
      },
      (error: unknown) => {
        pool = undefined;
        throw error;
      },
    ));

  const once = async <R>(work: (query: Query) => Promise<R>): Promise<R> => {
    const connection: Connection = await (await open()).connect();
    // A connection may be lost between two statements; the next one will say so.
    connection.on("error", ignore);
    let failed = true;
    try {
      const result = await work((text, values, timeoutMs) =>
        connection.query({
          text,
          ...(values === undefined ? {} : { values }),
          ...(timeoutMs === undefined ? {} : { query_timeout: timeoutMs }),
        }),
      );
      failed = false;
      return result;
    } finally {
      // A destroyed connection may still report an error.
      if (!failed) connection.removeListener("error", ignore);
      connection.release(failed);
    }
  };

  const run: Database["run"] = async (doing, work, signal) => {
    const startedAt = performance.now();
    for (let attempt = 0; ; attempt++) {
      try {
        return await once(work);
      } catch (error) {
        const left = retryForMs - (performance.now() - startedAt);
        if (!passesWithTime(error) || left <= 0 || signal?.aborted === true) throw sinkFailure(doing, error);
        const pause = Math.min(50 * 2 ** attempt, 5_000) * (0.5 + Math.random());
        await sleep(Math.min(pause, left), undefined, signal === undefined ? {} : { signal }).catch(ignore);
      }
    }
  };

  return {
    run,
    transaction: (doing, work, signal) =>
      run(
        doing,
        async (query) => {
          await query("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
          // Whatever the database's defaults: what is prepared must survive a crash of the server. And a statement that was given
          // up here must not hold its locks there for ever.
          await query(
            `SELECT set_config('statement_timeout', $1, true), set_config('synchronous_commit', CASE level WHEN 'off' THEN 'on' ELSE level END, true)
             FROM current_setting('synchronous_commit') AS level`,
            [String(longestMs)],
          );
          const result = await work(query);
          await query("COMMIT");
          return result;
        },
        signal,
      ),
  };
}
