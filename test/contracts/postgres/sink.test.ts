/** What docs/connectors/postgres.md says of flows, connections and roles, against a real server. */
import { expect, test } from "vitest";
import { postgresSink } from "../../../runtime/connectors/postgres/index.ts";
import { Dataflow } from "../../../runtime/flow/index.ts";
import { runMain, testSource } from "../../../runtime/testing/index.ts";
import { withPostgres } from "./world.ts";
import { context, failure, put } from "./sink-parts.ts";

await withPostgres("the Postgres sink", ({ rows, options }) => {
  test("a sink has poolSize connections in a thread at most, for all that it writes and commits there", async () => {
    await rows("CREATE ROLE swimmer LOGIN SUPERUSER PASSWORD 'hush-hush'; CREATE TABLE pooled (n int)");
    const { port } = new URL(options("x").connectionString!);
    const connectionString = `postgres://swimmer:hush-hush@127.0.0.1:${port}/postgres`;
    const sink = postgresSink<{ n: number }>({ ...options("pooled", { poolSize: 3, batchSize: 1 }), connectionString });
    let most = 0;
    let over = false;
    const watching = (async () => {
      while (!over) {
        const [found] = await rows("SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename = 'swimmer'");
        most = Math.max(most, found!.n as number);
      }
    })();
    try {
      await Promise.all(
        Array.from({ length: 8 }, async (_, worker) => {
          const part = await sink.build(worker, 8, context(1, "pooled"));
          for (let n = 0; n < 20; n++) await part.writeBatch([{ n }]);
          await sink.commit((await part.prepare(1))!);
        }),
      );
    } finally {
      over = true;
      await watching;
    }
    expect(most).toBe(3);
    expect(await rows("SELECT count(*)::int AS n FROM pooled")).toEqual([{ n: 160 }]);
  });

  test("without a recovery store each epoch is written; errors name the step", async () => {
    await rows("CREATE TABLE plain (n int)");
    const run = (table: string) => {
      const flow = new Dataflow("plain");
      flow
        .input("in", testSource(Array.from({ length: 50 }, (_, n) => ({ n }))))
        .output("rows", postgresSink<{ n: number }>(options(table)));
      return runMain(flow, { workers: 2, epochMs: 5 });
    };
    await run("plain");
    expect(await rows("SELECT count(*)::int, sum(n)::int FROM plain")).toEqual([{ count: 50, sum: 1225 }]);
    await expect(run("planes")).rejects.toMatchObject({
      code: "WEIR_SINK_FAILED",
      step: "rows",
      message: expect.stringMatching(/Step "rows": postgresSink: there is no table "planes"/),
    });
  });

  test("at least once: rows appear as they come, and a key's last row wins there too", async () => {
    await rows("CREATE TABLE direct (k text PRIMARY KEY, n int CHECK (n < 10))");
    const sink = postgresSink<readonly [string, { n: number } | null]>({
      ...options("direct", { key: ["k"] }),
      guarantee: "atLeastOnce",
    });
    const part = await sink.build(0, 1, context(1));
    await part.writeBatch([
      ["a", { n: 1 }],
      ["b", { n: 1 }],
      ["a", { n: 2 }],
    ]);
    expect(await rows("SELECT * FROM direct ORDER BY k")).toEqual([
      { k: "a", n: 2 },
      { k: "b", n: 1 },
    ]);
    await part.writeBatch([["b", null]]);
    const refused = part.writeBatch([
      ["a", { n: 3 }],
      ["c", { n: 10 }],
      ["d", { n: 4 }],
    ]) as Promise<void>;
    await expect(refused).rejects.toEqual(failure(/table "direct" cannot take the row with k = 'c'.*violates check constraint/));
    expect(await rows("SELECT * FROM direct ORDER BY k")).toEqual([{ k: "a", n: 2 }]);
    await part.close?.();
  });

  test("a role with the rights that the page lists is enough, and one without is told what to grant or create", async () => {
    await rows(`CREATE ROLE clerk LOGIN PASSWORD 'hush-hush'; CREATE SCHEMA desk; CREATE TABLE desk.files (k text PRIMARY KEY, n int);
      GRANT USAGE ON SCHEMA desk TO clerk`);
    const { port } = new URL(options("x").connectionString!);
    const as = {
      ...options<object>("desk.files", { key: ["k"] }),
      connectionString: `postgres://clerk:hush-hush@127.0.0.1:${port}/postgres`,
    };
    await expect(put(as, [{ k: "a" }])).rejects.toEqual(failure(/lacks INSERT, UPDATE, SELECT on table "desk.files"/));
    await rows("GRANT SELECT, INSERT, UPDATE, DELETE ON desk.files TO clerk");
    const error: Error = await put(as, [{ k: "a" }]).then(
      () => expect.unreachable(),
      (thrown: Error) => thrown,
    );
    expect(error).toEqual(failure(/not in schema "desk".*CREATE TABLE IF NOT EXISTS "desk".weir_staging/s));
    expect(error.message).not.toContain("hush");
    await rows(error.message.slice(error.message.indexOf("CREATE TABLE")));
    await expect(put(as, [{ k: "a" }])).rejects.toEqual(failure(/may not use "desk".weir_staging.*GRANT/));
    await rows("GRANT SELECT, INSERT, UPDATE, DELETE ON desk.weir_staging, desk.weir_commits TO clerk");
    await put(as, [{ k: "a", n: 1 }]);
    expect(await rows("SELECT * FROM desk.files")).toEqual([{ k: "a", n: 1 }]);
  });

  test("workers that start at the same moment create the tables once", async () => {
    await rows("CREATE SCHEMA crowd; CREATE TABLE crowd.t (n int)");
    const parts = await Promise.all(
      Array.from({ length: 8 }, (_, worker) => postgresSink(options("crowd.t")).build(worker, 8, context(1, "crowd"))),
    );
    expect(parts).toHaveLength(8);
  });
});
