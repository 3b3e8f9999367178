/** The Postgres sink. Imports flow's interfaces, errors, and the optional package `pg` when a sink is first built. */
export { postgresSink, type PreparedRows } from "./postgres-sink.ts";
export type { PostgresRow, PostgresSinkOptions } from "./options.ts";
