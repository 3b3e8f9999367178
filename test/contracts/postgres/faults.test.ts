/** What docs/connectors/postgres.md says about a database that misbehaves: whatever happens to it, the tables come to what they should. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { postgresSink } from "../../../runtime/connectors/postgres/index.ts";
import { runMain } from "../../../runtime/testing/index.ts";
import { startTcpProxy, type TcpProxy } from "../../fakes/tcp-proxy.ts";
import { createRandom } from "../../simulation/random.ts";
import buildLedger from "./flows/ledger.ts";
import { expectLedger, makeLedger } from "./ledger-tables.ts";
import { withPostgres, type World } from "./world.ts";

/** Runs the flow through a proxy while `trouble` does its worst. */
async function underTrouble(
  world: World,
  items: number,
  trouble: (proxy: TcpProxy, over: () => boolean) => Promise<void>,
): Promise<void> {
  await makeLedger(world);
  const directory = mkdtempSync(join(tmpdir(), "weir-ledger-"));
  const proxy = await startTcpProxy({ port: world.server.port });
  let over = false;
  try {
    const url = `postgres://weir@127.0.0.1:${proxy.port}/postgres`;
    const running = runMain(buildLedger({ url, items: String(items), paceMs: "20" }), {
      workers: 2,
      epochMs: 20,
      recovery: { store: `file://${directory}`, snapshotMs: 60, partitions: 8 },
    }).finally(() => (over = true));
    await Promise.all([running, trouble(proxy, () => over)]);
    await expectLedger(world, items);
  } finally {
    await proxy.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

await withPostgres(
  "Postgres in trouble",
  (world) => {
    test("connections that are cut at any byte", async () => {
      const random = createRandom(7);
      let cuts = 0;
      await underTrouble(world, 600, async (proxy, over) => {
        while (!over()) {
          proxy.cutAfter(1 + random.integer(3_000));
          await sleep(20 + random.integer(80));
          if (cuts % 4 === 3) proxy.cut();
          cuts++;
        }
        expect(proxy.accepted).toBeGreaterThan(10);
      });
      expect(cuts).toBeGreaterThan(8);
    });

    test.each([
      ["killed", (it: World) => it.server.kill()],
      ["stopped at once", (it: World) => it.server.stopImmediately()],
    ])("a server that is %s and started again", async (_how, end) => {
      await underTrouble(world, 600, async (_proxy, over) => {
        for (let i = 0; i < 2 && !over(); i++) {
          await sleep(250);
          await end(world);
          await sleep(100);
          await world.server.start();
        }
      });
    });

    test("slow answers, and none for a while", async () => {
      await underTrouble(world, 200, async (proxy, over) => {
        proxy.delayMs = 15;
        await sleep(300);
        proxy.stalled = true;
        await sleep(400);
        proxy.stalled = false;
        while (!over()) await sleep(20);
      });
    });

    test("a statement without an answer is given up and tried again", async () => {
      await world.rows("CREATE TABLE locked (n int)");
      const sink = postgresSink<{ n: number }>(world.options("locked", { timeoutMs: 100 }));
      const part = await sink.build(0, 1, { flow: "f", step: "locked", execution: 1 });
      await part.writeBatch([{ n: 1 }]);
      const prepared = (await part.prepare(1))!;
      const holder = await world.client();
      await holder.query("BEGIN; LOCK TABLE locked");
      const committing = sink.commit(prepared);
      // Applying may take ten times as long as another statement.
      await sleep(1_500);
      await holder.query("COMMIT");
      await committing;
      await holder.end();
      // What was given up may still end in the server: it must not have come to anything more.
      await sleep(100);
      expect(await world.rows("SELECT * FROM locked")).toEqual([{ n: 1 }]);
    });

    test("the victim of a deadlock is tried again", async () => {
      await world.rows("CREATE TABLE circle (k text PRIMARY KEY, n int); INSERT INTO circle VALUES ('a', 0), ('b', 0)");
      const sink = postgresSink<{ k: string; n: number }>(world.options("circle", { key: ["k"] }));
      const part = await sink.build(0, 1, { flow: "f", step: "circle", execution: 1 });
      await part.writeBatch([
        { k: "b", n: 1 },
        { k: "a", n: 1 },
      ]);
      const prepared = (await part.prepare(1))!;
      const other = await world.client();
      await other.query("BEGIN; UPDATE circle SET n = n + 10 WHERE k = 'b'");
      const before = Number((await world.rows("SELECT deadlocks FROM pg_stat_database WHERE datname = 'postgres'"))[0]!.deadlocks);
      const committing = sink.commit(prepared);
      const waits = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'weir' AND wait_event_type = 'Lock'";
      const watcher = await world.client();
      while ((await watcher.query(waits)).rows.length === 0) await sleep(5);
      await watcher.end();
      // The sink has a and waits for b; whoever has waited longest when the circle closes is its victim.
      await other.query("UPDATE circle SET n = n + 10 WHERE k = 'a'; COMMIT");
      await committing;
      await other.end();
      expect(await world.rows("SELECT * FROM circle ORDER BY k")).toEqual([
        { k: "a", n: 1 },
        { k: "b", n: 1 },
      ]);
      await expect
        .poll(async () =>
          Number((await world.rows("SELECT deadlocks FROM pg_stat_database WHERE datname = 'postgres'"))[0]!.deadlocks),
        )
        .toBe(before + 1);
    });

    test("a server without a connection to spare is asked again; one that stays away is an error without secrets", async () => {
      await world.rows(`CREATE ROLE guest LOGIN PASSWORD 'hush-hush' CONNECTION LIMIT 0; CREATE SCHEMA guests AUTHORIZATION guest;
        CREATE TABLE guests.visits (n int); ALTER TABLE guests.visits OWNER TO guest`);
      const { port } = world.server;
      const as = (at: number, retryForMs: number) =>
        postgresSink<{ n: number }>({
          connectionString: `postgres://guest:hush-hush@127.0.0.1:${at}/postgres`,
          table: "guests.visits",
          retryForMs,
        });
      const building = as(port, 20_000).build(0, 1);
      await sleep(150);
      await world.rows("ALTER ROLE guest CONNECTION LIMIT 5");
      const part = await building;
      await part.writeBatch([{ n: 1 }]);
      expect(await part.prepare(1)).toBeDefined();

      const nobody = await startTcpProxy({ port });
      await nobody.close();
      const error: Error = await Promise.resolve(as(nobody.port, 100).build(0, 1)).then(
        () => expect.unreachable(),
        (thrown: Error) => thrown,
      );
      expect(error).toMatchObject({
        code: "WEIR_SINK_FAILED",
        message: expect.stringMatching(/cannot describe table "visits".*ECONNREFUSED/),
      });
      expect(`${error.message} ${String(error.cause)}`).not.toContain("hush");
    });
  },
  ["deadlock_timeout=3s"],
);
