/**
 * A flow whose tables are known beforehand: numbered entries of a few accounts at a steady pace, appended to `ledger`, and their
 * running sums written over by account into `balances`. Parameters: url, items (per part), paceMs, and crash: `prepare`, `commit` or
 * `committed`, after which the process kills itself before it goes on, once per file of that name in `crashes`.
 */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Dataflow, type PartitionedSource, type TransactionalSink } from "../../../../runtime/index.ts";
import { postgresSink } from "../../../../runtime/connectors/postgres/index.ts";
import { watchedSink } from "../../watched-sink.ts";

export interface Entry {
  readonly id: string;
  readonly account: string;
  readonly amount: number;
}
export const accounts = 7;
const parts = ["p0", "p1"];

function entryOf(part: string, index: number): Entry {
  return { id: `${part}-${index}`, account: `a${(index * 5) % accounts}`, amount: 1 + ((index * 31) % 97) };
}

/** What the tables come to. */
export function expectedTables(items: number): { ledger: number; balances: Map<string, number> } {
  const balances = new Map<string, number>();
  for (const part of parts)
    for (let i = 0; i < items; i++) {
      const { account, amount } = entryOf(part, i);
      balances.set(account, (balances.get(account) ?? 0) + amount);
    }
  return { ledger: items * parts.length, balances };
}

export function entrySource(items: number, paceMs: number, batch = 10): PartitionedSource<Entry, number> {
  return {
    kind: "partitioned",
    listParts: () => parts,
    buildPart(part, resume) {
      let next = resume ?? 0;
      let awake = 0;
      return {
        nextAwake: () => awake,
        nextBatch() {
          if (next >= items) return null;
          awake = Date.now() + paceMs;
          const taken: Entry[] = [];
          while (taken.length < batch && next < items) taken.push(entryOf(part, next++));
          return taken;
        },
        snapshot: () => next,
      };
    },
  };
}

/** Dies, as by SIGKILL from outside, at a point of the protocol for which there is a file. */
function dying<T, P>(sink: TransactionalSink<T, P>, crashes: string | undefined): TransactionalSink<T, P> {
  if (crashes === undefined) return sink;
  const dieAt = (point: string): void => {
    const file = join(crashes, point);
    if (!existsSync(file)) return;
    rmSync(file);
    process.kill(process.pid, "SIGKILL");
  };
  return watchedSink(sink, dieAt);
}

export default function build(params: Readonly<Record<string, string>>): Dataflow {
  const connection = { connectionString: params.url!, retryForMs: 30_000, timeoutMs: 5_000 };
  const flow = new Dataflow("ledger");
  const entries = flow
    .input("in", entrySource(Number(params.items), Number(params.paceMs)))
    .keyBy("account", ({ account }) => account);
  entries
    .unkey("entries")
    .output("ledger", dying(postgresSink<Entry>({ ...connection, table: "ledger", batchSize: 15 }), params.crashes));
  entries
    .statefulMap("sum", (sum: number | undefined, { amount }) => [(sum ?? 0) + amount, { balance: (sum ?? 0) + amount }])
    .output("balances", dying(postgresSink({ ...connection, table: "balances", key: ["account"] }), params.crashes));
  return flow;
}
