/** A server for a suite, and a client of its own to look at what the sink wrote. Without a server the suite is skipped with a word, and fails in CI. */
import { Client } from "pg";
import { afterAll, beforeAll, describe, test } from "vitest";
import type { PostgresSinkOptions } from "../../../runtime/connectors/postgres/index.ts";
import { findPostgres, type PostgresServer, startPostgres } from "./server.ts";

export interface World {
  readonly server: PostgresServer;
  /** Rows of a statement, over a connection of its own. */
  rows(text: string, values?: unknown[]): Promise<Record<string, any>[]>;
  /** How the sink connects, impatient. */
  options<T>(table: string, more?: Partial<PostgresSinkOptions<T>>): PostgresSinkOptions<T>;
  client(): Promise<Client>;
}

export async function withPostgres(title: string, suite: (world: World) => void, settings: readonly string[] = []): Promise<void> {
  let programs: string;
  try {
    programs = await findPostgres();
  } catch (error) {
    if (process.env.CI === "true") throw error;
    console.warn(`SKIPPED: ${title}: ${error instanceof Error ? error.message : String(error)}`);
    describe.skip(`${title} (no server)`, () => test("skipped", () => undefined));
    return;
  }
  describe(title, () => {
    let server: PostgresServer;
    beforeAll(async () => {
      server = await startPostgres(programs, settings);
    });
    afterAll(() => server.close());
    const client = async (): Promise<Client> => {
      const one = new Client({ connectionString: server.connectionString });
      // Servers are killed here.
      one.on("error", () => undefined);
      await one.connect();
      return one;
    };
    suite({
      get server() {
        return server;
      },
      client,
      async rows(text, values) {
        const one = await client();
        try {
          return (await one.query(text, values)).rows as Record<string, any>[];
        } finally {
          await one.end();
        }
      },
      options: (table, more = {}) => ({ connectionString: server.connectionString, table, retryForMs: 20_000, ...more }),
    });
  });
}
