/** What SQLite answers to the queries, over tables of the same events. */
import Database from "better-sqlite3";
import type { Event } from "../../../examples/nexmark/events.ts";

type Row = Record<string, unknown>;

const winning = `
  SELECT a.id, a.seller, a.category, a.expires, MAX(b.price) AS price
  FROM auction a JOIN bid b ON b.auction = a.id AND b.dateTime BETWEEN a.dateTime AND a.expires
  GROUP BY a.id`;

const statements: Record<string, string> = {
  q0: "SELECT 'bid' AS kind, auction, bidder, price, channel, dateTime FROM bid",
  q1: "SELECT auction, bidder, price * 0.908 AS price, dateTime FROM bid",
  q2: "SELECT auction, price FROM bid WHERE auction % 123 = 0",
  q3: `
    SELECT p.name, p.city, p.state, a.id AS auction FROM auction a JOIN person p ON a.seller = p.id
    WHERE a.category = 10 AND p.state IN ('OR', 'ID', 'CA')`,
  q4: `SELECT category, AVG(price) AS average FROM (${winning}) GROUP BY category`,
  q5: `
    WITH counted AS (
      SELECT (dateTime / 2000 - back.n) * 2000 AS opens, auction, COUNT(*) AS bids
      FROM bid, (SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4) back
      GROUP BY opens, auction
    )
    SELECT opens AS "window", json_group_array(auction ORDER BY auction) AS auctions, bids FROM counted
    WHERE bids = (SELECT MAX(bids) FROM counted other WHERE other.opens = counted.opens)
    GROUP BY opens`,
  q6: `
    SELECT seller, AVG(price) AS average
    FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY seller ORDER BY expires DESC, id DESC) AS nth FROM (${winning}))
    WHERE nth <= 10 GROUP BY seller`,
  q7: `
    WITH most AS (SELECT dateTime / 10000 * 10000 AS opens, MAX(price) AS price FROM bid GROUP BY opens)
    SELECT opens AS "window", most.price, json_group_array(json_array(auction, bidder, dateTime) ORDER BY auction, bidder, dateTime) AS bids
    FROM bid JOIN most ON dateTime / 10000 * 10000 = opens AND bid.price = most.price
    GROUP BY opens`,
  q8: `
    SELECT DISTINCT p.id, p.name, p.dateTime / 10000 * 10000 AS "window"
    FROM person p JOIN auction a ON a.seller = p.id AND a.dateTime / 10000 = p.dateTime / 10000`,
};
/** Columns that are lists. */
const lists = new Set(["auctions", "bids"]);

export function sqlAnswers(events: readonly Event[]): Record<string, string[]> {
  const database = new Database(":memory:");
  database.exec(`
    CREATE TABLE person (id INTEGER, name, email, city, state, dateTime INTEGER);
    CREATE TABLE auction (id INTEGER, item, initialBid, reserve, dateTime INTEGER, expires INTEGER, seller INTEGER, category INTEGER);
    CREATE TABLE bid (auction INTEGER, bidder INTEGER, price INTEGER, channel, dateTime INTEGER);
    CREATE INDEX bids ON bid (auction);`);
  const inserts = new Map<string, Database.Statement>();
  database.transaction(() => {
    for (const { kind, ...columns } of events) {
      const names = Object.keys(columns);
      const sql = `INSERT INTO ${kind} (${names.join(", ")}) VALUES (${names.map((name) => `@${name}`).join(", ")})`;
      const insert = inserts.get(kind) ?? database.prepare(sql);
      inserts.set(kind, insert);
      insert.run(columns);
    }
  })();
  const row = (found: Row): string =>
    JSON.stringify(
      Object.fromEntries(
        Object.entries(found).map(([name, value]) => [
          name,
          lists.has(name) && typeof value === "string" ? (JSON.parse(value) as unknown) : value,
        ]),
      ),
    );
  const answers = Object.entries(statements).map(([name, sql]) => [
    name,
    (database.prepare(sql).all() as Row[]).map(row).toSorted(),
  ]);
  database.close();
  return Object.fromEntries(answers) as Record<string, string[]>;
}
