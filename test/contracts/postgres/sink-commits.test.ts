/** What docs/connectors/postgres.md says of transactions and of going back, against a real server. */
import { expect, test } from "vitest";
import { postgresSink, type PreparedRows } from "../../../runtime/connectors/postgres/index.ts";
import { Dataflow } from "../../../runtime/flow/index.ts";
import { runMain, testSource } from "../../../runtime/testing/index.ts";
import { scratch } from "../../testing/runs.ts";
import { withPostgres } from "./world.ts";
import { build, context, failure } from "./sink-parts.ts";

await withPostgres("commits to Postgres", ({ rows, options }) => {
  test("rows are not to be seen before the commit, and then all at once; a second commit changes nothing", async () => {
    await rows("CREATE TABLE events (n int)");
    const [sink, part] = await build(options<{ n: number }>("events", { batchSize: 10 }));
    await part.writeBatch(Array.from({ length: 35 }, (_, n) => ({ n })));
    const count = async () => Number((await rows("SELECT count(*) FROM events"))[0]!.count);
    const staged = async () => Number((await rows("SELECT count(*) FROM weir_staging WHERE sink = 'flow/out'"))[0]!.count);
    expect([await count(), await staged()]).toEqual([0, 3]);
    const prepared = (await part.prepare(4))!;
    expect([await count(), await staged()]).toEqual([0, 4]);
    await Promise.all([sink.commit(prepared), postgresSink(options("events")).commit(prepared), sink.commit(prepared)]);
    expect([await count(), await staged()]).toEqual([35, 0]);
    await sink.commit(structuredClone(prepared));
    await sink.abort(prepared);
    expect([await count(), await staged()]).toEqual([35, 0]);
    expect(await rows("SELECT committed::int, epoch::int, worker FROM weir_commits WHERE run = $1", [prepared.run])).toEqual([
      { committed: 1, epoch: 4, worker: 0 },
    ]);
    expect(await part.prepare(5)).toBeUndefined();
  });

  test("what is aborted is gone; what was staged and is not there any more is an error", async () => {
    await rows("CREATE TABLE given_up (n int)");
    const [sink, part] = await build(options<{ n: number }>("given_up"));
    await part.writeBatch([{ n: 1 }]);
    const first = (await part.prepare(1))!;
    await sink.abort(first);
    expect(await rows("SELECT * FROM weir_staging WHERE run = $1", [first.run])).toEqual([]);
    await expect(sink.commit(first)).rejects.toEqual(failure(/1 batches of rows are staged.*0 are there/, "WEIR_SINK_STATE"));
    expect(await rows("SELECT * FROM given_up")).toEqual([]);
  });

  test("a start drops what earlier executions left, and nothing of later ones or other outputs", async () => {
    await rows("CREATE TABLE left_over (n int)");
    const one = options<{ n: number }>("left_over", { batchSize: 1 });
    const staged = async () =>
      (await rows("SELECT execution::int FROM weir_staging WHERE sink LIKE '%/left' ORDER BY execution")).map(
        (row) => row.execution,
      );
    const start = (execution: number, step = "left") => postgresSink(one).build(0, 1, context(execution, step));
    const second = await start(2);
    await second.writeBatch([{ n: 2 }]);
    const third = await start(3);
    await third.writeBatch([{ n: 3 }]);
    expect(await staged()).toEqual([3]);
    // A process that was held up for long comes late.
    await start(1);
    await second.writeBatch([{ n: 2 }]);
    await start(9, "another");
    expect(await staged()).toEqual([2, 3]);
    await start(4);
    expect(await staged()).toEqual([]);
  });

  test("a commit that is asked for again after later ones, as when an older snapshot is resumed from, changes nothing", async () => {
    await rows("CREATE TABLE older (k text PRIMARY KEY, n int)");
    const [sink, part] = await build(options<{ k: string; n: number }>("older", { key: ["k"] }));
    await part.writeBatch([{ k: "a", n: 1 }]);
    const first = (await part.prepare(1))!;
    await sink.commit(first);
    await part.writeBatch([{ k: "a", n: 2 }]);
    await sink.commit((await part.prepare(2))!);
    await sink.commit(first);
    expect(await rows("SELECT * FROM older")).toEqual([{ k: "a", n: 2 }]);
  });

  test("a flow that goes back to an older snapshot writes rows over; appended ones stay, and come again", async () => {
    await rows("CREATE TABLE back_keyed (k int PRIMARY KEY, n int); CREATE TABLE back_appended (k int, n int)");
    const disk = scratch();
    const run = async (n: number, fromEpoch?: number): Promise<void> => {
      const flow = new Dataflow("back");
      const items = flow.input("in", testSource([1, 2, 3, 4])).map("row", (k) => ({ k, n }));
      items.output("keyed", postgresSink<{ k: number; n: number }>(options("back_keyed", { key: ["k"] })));
      items.output("appended", postgresSink<{ k: number; n: number }>(options("back_appended")));
      const recovery = { store: disk.store, snapshotMs: 0, retain: 4, ...(fromEpoch === undefined ? {} : { fromEpoch }) };
      await runMain(flow, { epochMs: 0, recovery });
    };
    await run(0);
    const [oldest] = disk.manifest().snapshots;
    await run(9, oldest!.epoch);
    disk.remove();
    const keyed = await rows("SELECT * FROM back_keyed ORDER BY k");
    expect(keyed.map(({ k }) => k)).toEqual([1, 2, 3, 4]);
    const again = keyed.filter(({ n }) => n === 9);
    expect(again).toEqual(keyed.slice(-again.length));
    expect(again.length).toBeGreaterThan(0);
    expect(again.length).toBeLessThan(4);
    expect(await rows("SELECT * FROM back_appended ORDER BY n, k")).toEqual([...[1, 2, 3, 4].map((k) => ({ k, n: 0 })), ...again]);
  });

  test("a restore from a backup is noticed where staged rows are missing, and else what was committed since is lost", async () => {
    await rows("CREATE TABLE restored (n int)");
    const tables = ["restored", "weir_staging", "weir_commits"];
    const [sink, part] = await build(options<{ n: number }>("restored"));
    const prepare = async (n: number): Promise<PreparedRows> => {
      await part.writeBatch([{ n }]);
      return (await part.prepare(n))!;
    };
    await sink.commit(await prepare(1));
    for (const table of tables) await rows(`CREATE TABLE backup_${table} AS TABLE ${table}`);
    const since = await prepare(2);
    await sink.commit(since);
    for (const table of tables) await rows(`BEGIN; TRUNCATE ${table}; INSERT INTO ${table} TABLE backup_${table}; COMMIT`);
    await expect(sink.commit(since)).rejects.toEqual(failure(/0 are there.*restored from a backup/, "WEIR_SINK_STATE"));
    // As for a flow whose last snapshot had nothing to commit.
    await sink.commit(await prepare(3));
    expect(await rows("SELECT n FROM restored ORDER BY n")).toEqual([{ n: 1 }, { n: 3 }]);
  });

  test("what nobody goes back to may be deleted from both tables", async () => {
    await rows("CREATE TABLE tidied (n int)");
    const one = options<{ n: number }>("tidied");
    const [sink, old] = await build(one, 1);
    await old.writeBatch([{ n: 1 }]);
    const past = (await old.prepare(1))!;
    await sink.commit(past);
    const other = await postgresSink<{ n: number }>(one).build(0, 1, context(1, "given up"));
    await other.writeBatch([{ n: 7 }]);
    await other.prepare(1);
    const [, part] = await build(one, 2);
    await part.writeBatch([{ n: 2 }]);
    const prepared = (await part.prepare(2))!;
    await rows("DELETE FROM weir_commits WHERE run = $1", [past.run]);
    await rows("DELETE FROM weir_staging WHERE sink = 'flow/given up'");
    await sink.commit(prepared);
    expect(await rows("SELECT n FROM tidied ORDER BY n")).toEqual([{ n: 1 }, { n: 2 }]);
  });
});
