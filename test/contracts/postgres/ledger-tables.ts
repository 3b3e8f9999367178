/** The tables that the flow `ledger` writes, and what has to be in them. The ledger takes each entry twice if it is written twice: it has no key. */
import { expect } from "vitest";
import { expectedTables } from "./flows/ledger.ts";
import type { World } from "./world.ts";

export async function makeLedger({ rows }: World): Promise<void> {
  await rows(`DROP TABLE IF EXISTS ledger, balances; DROP TABLE IF EXISTS weir_staging, weir_commits;
    CREATE TABLE ledger (id text, account text NOT NULL, amount int NOT NULL); CREATE TABLE balances (account text PRIMARY KEY, balance int8 NOT NULL)`);
}

export async function expectLedger({ rows }: World, items: number): Promise<void> {
  const expected = expectedTables(items);
  const [ledger] = await rows("SELECT count(*)::int AS count, count(DISTINCT id)::int AS different FROM ledger");
  expect(ledger).toEqual({ count: expected.ledger, different: expected.ledger });
  const balances = await rows("SELECT account, balance::int FROM balances");
  expect(new Map(balances.map(({ account, balance }) => [account, balance]))).toEqual(expected.balances);
  const sums = await rows("SELECT account, sum(amount)::int AS sum FROM ledger GROUP BY account");
  expect(new Map(sums.map(({ account, sum }) => [account, sum]))).toEqual(expected.balances);
  expect(await rows("SELECT count(*)::int AS left FROM weir_staging")).toEqual([{ left: 0 }]);
}
