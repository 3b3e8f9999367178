/** What docs/connectors/postgres.md says of what the table does not take, against a real server. */
import { expect, test } from "vitest";
import { type PostgresSinkOptions } from "../../../runtime/connectors/postgres/index.ts";
import { withPostgres } from "./world.ts";
import { build, failure, put } from "./sink-parts.ts";

await withPostgres("what Postgres refuses", ({ rows, options }) => {
  test("what is wrong with the table is said before anything is written", async () => {
    await rows(`CREATE TABLE shapes (k text, n int NOT NULL, c text GENERATED ALWAYS AS (k) STORED); CREATE VIEW sights AS SELECT 1 AS n;
      CREATE UNIQUE INDEX ON shapes (k) WHERE n > 0`);
    const start = (more: Partial<PostgresSinkOptions<unknown>>, table = "shapes") => build(options(table, more));
    await expect(start({}, "nowhere")).rejects.toEqual(failure(/no table "nowhere"/));
    await expect(start({}, "no.where")).rejects.toEqual(failure(/no table "no.where"/));
    await expect(start({ schema: "public" }, "a.b")).rejects.toEqual(failure(/no table "public.a.b"/));
    await expect(start({ columns: ["k", "m"] })).rejects.toEqual(
      failure(/"shapes" has no column "m"; its columns are "k", "n", "c"/),
    );
    await expect(start({ columns: ["k"] })).rejects.toEqual(failure(/column "n".*must not be null, has no default/));
    await expect(start({ columns: ["n", "c"] })).rejects.toEqual(failure(/"c".*is computed/));
    await expect(start({ key: ["n"], columns: ["k"] })).rejects.toEqual(failure(/columns must have the key's "n"/));
    await expect(start({ key: ["k"] })).rejects.toEqual(
      failure(/no primary key, unique constraint or full unique index of just \(k\)/),
    );
    await expect(start({}, "sights")).rejects.toEqual(failure(/"sights" is not a table/));
  });

  test("a row that the table's types, NOT NULL or CHECK refuse is named before it is staged", async () => {
    await rows("CREATE TABLE strict (id int PRIMARY KEY, n int NOT NULL, word varchar(5), CONSTRAINT small CHECK (n < 100))");
    const good = Array.from({ length: 300 }, (_, id) => ({ id, n: 1 }));
    const poisoned: [object, RegExp][] = [
      [
        { id: 777, n: "many" },
        /table "strict" cannot take the row with id = 777: invalid input syntax for type integer: "many" \(22P02\)/,
      ],
      [{ id: 777, n: 100 }, /row with id = 777: it violates the check constraint "small"/],
      [{ id: 777 }, /row with id = 777: column "n" must not be null/],
      [{ n: 1 }, /row with id = undefined: its key "id" is null/],
      [{ id: 777, n: 1, word: "toolong" }, /row with id = 777: value too long for type character varying\(5\)/],
      [{ id: 777, n: 1, wrod: "x" }, /row with id = 777: the table has no column "wrod"; its columns are id, n, word/],
      [{ id: 777, n: 1, word: "a\0b" }, /row with id = 777: unsupported Unicode escape sequence/],
      [{ id: 777, n: new Date(NaN) }, /row with id = 777: column "n" is given an invalid Date/],
    ];
    for (const [row, message] of poisoned) {
      const [, part] = await build(options<object>("strict", { key: ["id"] }));
      const writing = (async () => {
        await part.writeBatch([...good, row, ...good]);
        return part.prepare(1);
      })();
      await expect(writing).rejects.toEqual(failure(message));
    }
    await expect(put(options<unknown>("strict"), ["text"])).rejects.toEqual(
      failure(/must be an object of fields, or row must make one/),
    );
    expect(await rows("SELECT * FROM strict")).toEqual([]);
    expect(await rows("SELECT * FROM weir_staging")).toEqual([]);
  });

  test("a conflict that only the commit can see names the row and writes nothing; once it is mended the commit passes", async () => {
    await rows("CREATE TABLE unique_events (id int PRIMARY KEY, n int); INSERT INTO unique_events VALUES (137, 0)");
    const [sink, part] = await build(options<{ id: number; n: number }>("unique_events", { batchSize: 50 }));
    await part.writeBatch(Array.from({ length: 200 }, (_, id) => ({ id, n: 1 })));
    const prepared = (await part.prepare(1))!;
    const refused = failure(
      /table "unique_events" cannot take the row with id = 137: duplicate key value .*Key \(id\)=\(137\) already exists.*stays staged.*batch 2 at place 38$/,
    );
    await expect(sink.commit(prepared)).rejects.toEqual(refused);
    expect(await rows("SELECT * FROM unique_events")).toEqual([{ id: 137, n: 0 }]);
    // As the page says: a row can be passed over by hand.
    await rows("UPDATE weir_staging SET skip = skip || 38::bigint WHERE run = $1 AND seq = 1 AND batch = 2", [prepared.run]);
    await sink.commit(prepared);
    expect(await rows("SELECT count(*)::int, sum(n)::int FROM unique_events")).toEqual([{ count: 200, sum: 199 }]);
  });

  test.each([
    ["a foreign key", "REFERENCES parents (id)", "", /row with id = 61: .*violates foreign key constraint.*\(parent\)=\(9\)/],
    [
      "a deferred constraint",
      "UNIQUE DEFERRABLE INITIALLY DEFERRED",
      "UPDATE",
      /row with id = 61: duplicate key value violates unique/,
    ],
    [
      "an exclusion",
      ", EXCLUDE USING btree (parent WITH =)",
      "UPDATE",
      /row with id = 61: conflicting key value violates exclusion/,
    ],
  ])("so does %s", async (_what, constraint, different, message) => {
    await rows(`DROP TABLE IF EXISTS children, parents; CREATE TABLE parents (id int PRIMARY KEY); INSERT INTO parents VALUES (0), (1);
      CREATE TABLE children (id int PRIMARY KEY, parent int ${constraint})`);
    const [sink, part] = await build(options<{ id: number; parent: number }>("children", { key: ["id"], batchSize: 40 }));
    await part.writeBatch(
      Array.from({ length: 100 }, (_, id) => ({ id, parent: different === "" ? (id === 61 ? 9 : 1) : id === 61 ? 7 : id })),
    );
    const prepared = (await part.prepare(1))!;
    await expect(sink.commit(prepared)).rejects.toEqual(failure(message));
    expect(await rows("SELECT * FROM children")).toEqual([]);
    expect(await rows("SELECT committed FROM weir_commits WHERE run = $1", [prepared.run])).toEqual([]);
  });

  test("and a deletion that others refer to; many deletions are as good as many rows", async () => {
    await rows(`CREATE TABLE heads (id int PRIMARY KEY); CREATE TABLE limbs (head int REFERENCES heads);
      INSERT INTO heads SELECT generate_series(1, 6000); INSERT INTO limbs VALUES (4711)`);
    const heads = options<{ id: number }>("heads", { key: ["id"], deletes: () => true });
    const [sink, part] = await build(heads);
    await part.writeBatch(Array.from({ length: 6_000 }, (_, i) => ({ id: i + 1 })));
    const prepared = (await part.prepare(1))!;
    await expect(sink.commit(prepared)).rejects.toEqual(failure(/row with id = 4711: .*violates foreign key constraint/));
    await rows("DELETE FROM limbs");
    await sink.commit(prepared);
    expect(await rows("SELECT * FROM heads")).toEqual([]);
  });
});
