/** What `postgresSink` is told, checked when the flow is written down. Nothing of the connection ever reaches a message. */
import { WeirError } from "../../errors/index.ts";
import { checkOptionsObject } from "../../flow/option-checks.ts";
import { show } from "../../flow/show.ts";

/** Fields by column name. A missing or undefined field is the column's default; null is NULL. */
export type PostgresRow = Readonly<Record<string, unknown>>;

export interface PostgresSinkOptions<T> {
  /** `postgres://user:password@host:5432/database?sslmode=…`. Without it and `connection`, the environment's `PGHOST`, `PGUSER`, … hold. */
  connectionString?: string;
  /** The same as an object, as `pg` takes it: host, port, user, password (or a function that gives it), database, ssl, … */
  connection?: Readonly<Record<string, unknown>>;
  /** `orders` or `sales.orders`, in the letters' case that the database shows. */
  table: string;
  /** Of the table; then `table` is taken as it is, dots included. */
  schema?: string;
  /** Columns of a unique constraint or index: rows are written over by their key. Without it they are appended. */
  key?: readonly string[];
  /** Which columns are written. By default all that the table does not number or compute by itself. */
  columns?: readonly string[];
  /** The row of an item; undefined = none. By default the item itself, or the value of a keyed item with its key in the only column of `key`. */
  row?: (item: T) => PostgresRow | undefined;
  /** True: the row with this key is deleted. By default for a keyed item whose value is null or undefined. Needs `key`. */
  deletes?: (item: T) => boolean;
  /** "exactlyOnce" (default): an interval's rows appear at once, with its snapshot. "atLeastOnce": rows appear as they come, and may be written again. */
  guarantee?: "exactlyOnce" | "atLeastOnce";
  /** Names this output's transactions in the database. Default: ids of flow and step. Flows of one name that share a database need ids of their own. */
  id?: string;
  /** Where `weir_staging` and `weir_commits` are. Default: the table's schema. */
  stagingSchema?: string;
  /** Rows sent together. Default 5,000. */
  batchSize?: number;
  /** Connections of one worker's thread. Default and least 2. */
  poolSize?: number;
  /** A statement without an answer for so long is given up and tried again; one that applies a whole interval may take ten times as long. Default 60,000. */
  timeoutMs?: number;
  /** A database that cannot be reached, or a conflict with other writers, is tried again for so long. Default 120,000. */
  retryForMs?: number;
}

export interface Settings {
  readonly table: string;
  readonly schema: string | undefined;
  readonly key: readonly string[];
  readonly columns: readonly string[] | undefined;
  readonly row: ((item: never) => PostgresRow | undefined) | undefined;
  readonly deletes: ((item: never) => boolean) | undefined;
  readonly id: string | undefined;
  readonly stagingSchema: string | undefined;
  readonly batchSize: number;
  readonly timeoutMs: number;
  readonly retryForMs: number;
  /** For the driver's pool. Holds secrets: never shown. */
  readonly pool: Readonly<Record<string, unknown>>;
}

export function settingsOf(options: PostgresSinkOptions<never>): Settings {
  checkOptionsObject("postgresSink", options);
  const { table, schema, key, columns, row, deletes, guarantee, id, stagingSchema } = options;
  const { batchSize = 5_000, poolSize = 2, timeoutMs = 60_000, retryForMs = 120_000 } = options;
  text("table", table, true);
  text("schema", schema);
  text("id", id);
  text("stagingSchema", stagingSchema);
  names("key", key);
  names("columns", columns);
  call("row", row);
  call("deletes", deletes);
  if (deletes !== undefined && key === undefined)
    throw new WeirError("WEIR_FLOW_OPTION", "postgresSink: deletes needs key: which row is meant?");
  if (guarantee !== undefined && guarantee !== "exactlyOnce" && guarantee !== "atLeastOnce")
    refuse("guarantee", `"exactlyOnce" or "atLeastOnce"`, guarantee);
  whole("batchSize", batchSize, 1);
  // One for the commit, so that it does not keep the rows of the next interval waiting.
  whole("poolSize", poolSize, 2);
  whole("timeoutMs", timeoutMs, 1);
  whole("retryForMs", retryForMs, 0);
  // What is wrong with a connection is not shown: it may hold a password.
  if (options.connectionString !== undefined && (typeof options.connectionString !== "string" || options.connectionString === ""))
    throw new WeirError("WEIR_FLOW_OPTION", "postgresSink: connectionString must be a text that is not empty");
  if (options.connection !== undefined) checkOptionsObject("postgresSink", options.connection, "connection");
  const dot = schema === undefined ? table.indexOf(".") : -1;
  return {
    schema: dot < 0 ? schema : table.slice(0, dot),
    table: dot < 0 ? table : table.slice(dot + 1),
    key: key ?? [],
    columns,
    row,
    deletes,
    id,
    stagingSchema,
    batchSize,
    timeoutMs,
    retryForMs,
    pool: {
      application_name: "weir",
      connectionTimeoutMillis: Math.min(timeoutMs, 10_000),
      ...options.connection,
      ...(options.connectionString === undefined ? {} : { connectionString: options.connectionString }),
      max: poolSize,
      query_timeout: timeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      // An idle connection keeps no process from ending.
      allowExitOnIdle: true,
    },
  };
}

function refuse(option: string, wanted: string, value: unknown): never {
  throw new WeirError("WEIR_FLOW_OPTION", `postgresSink: ${option} must be ${wanted}, not ${show(value)}`);
}
function text(option: string, value: unknown, needed = false): void {
  if (value === undefined && !needed) return;
  if (typeof value !== "string" || value === "") refuse(option, "a text that is not empty", value);
}
function names(option: string, value: unknown): void {
  if (value === undefined) return;
  if (!Array.isArray(value) || value.length === 0 || value.some((name) => typeof name !== "string" || name === ""))
    refuse(option, "a list of column names", value);
  if (new Set(value as string[]).size < (value as string[]).length) refuse(option, "a list of different columns", value);
}
function call(option: string, value: unknown): void {
  if (value !== undefined && typeof value !== "function") refuse(option, "a function", value);
}
function whole(option: string, value: unknown, least: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < least) refuse(option, `a whole number of at least ${least}`, value);
}
