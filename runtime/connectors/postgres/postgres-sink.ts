/**
 * A table of PostgreSQL as a sink. Exactly once: a part stages its rows in the database as they come, `prepare` makes sure the
 * last of them are there, and `commit`, after the manifest that names the transaction, applies them all at once (staging.ts says
 * why once is once). PREPARE TRANSACTION would save the staging, but is off in most servers and holds locks while a flow is down.
 * At least once: rows are applied as they come.
 */
import type { DynamicSink, TransactionalSink, TransactionalSinkPart } from "../../flow/sink.ts";
import { newBatch, type Batch } from "./batch.ts";
import { openDatabase } from "./database.ts";
import { type PostgresSinkOptions, settingsOf } from "./options.ts";
import { rowEncoder } from "./row-encoder.ts";
import { clearEarlier, ensureStaging } from "./staging.ts";
import { statementsFor } from "./statements.ts";
import { describeTable, type Target } from "./table.ts";
import { type CommittedTransaction, createWriter, newRun, type Writer } from "./writer.ts";

/** What a snapshot stores of a transaction: where it is staged, and how and where to its rows go. */
export interface PreparedRows extends CommittedTransaction {
  readonly target: Target;
  readonly stagingSchema: string;
}

/** Throws WEIR_FLOW_OPTION for an option that makes no sense. The database is not asked before a worker starts. */
export function postgresSink<T>(options: PostgresSinkOptions<T> & { guarantee: "atLeastOnce" }): DynamicSink<T>;
export function postgresSink<T>(options: PostgresSinkOptions<T>): TransactionalSink<T, PreparedRows>;
export function postgresSink<T>(options: PostgresSinkOptions<T>): DynamicSink<T> | TransactionalSink<T, PreparedRows> {
  const settings = settingsOf(options as PostgresSinkOptions<never>);
  const database = openDatabase(settings);
  const { key, batchSize, timeoutMs } = settings;
  const own: Target = { schema: settings.schema, table: settings.table, key, columns: settings.columns };
  const writers = new Map<string, Promise<Writer>>();

  /** Described once; once more after a failure. */
  const writerFor = (target: Target, stagingSchema: string | undefined): Promise<Writer> => {
    const name = JSON.stringify([target, stagingSchema]);
    let writer = writers.get(name);
    if (writer === undefined) {
      const deletes = target.key.length > 0 && settings.deletes !== undefined;
      writer = database
        .run(`describe table "${target.table}"`, (query) => describeTable(query, target, deletes))
        .then((table) => createWriter(database, table, statementsFor(table), stagingSchema ?? table.schema, timeoutMs));
      writers.set(name, writer);
      writer.catch(() => writers.delete(name));
    }
    return writer;
  };

  if (options.guarantee === "atLeastOnce") {
    return {
      kind: "dynamic",
      async build() {
        const writer = await writerFor(own, settings.stagingSchema);
        const encode = rowEncoder(writer.table, settings);
        const closed = new AbortController();
        return {
          async writeBatch(items) {
            let batch = newBatch(batchSize);
            for (const item of items) {
              const row = encode(item);
              if (row === undefined) continue;
              batch.add(row);
              if (!batch.full) continue;
              await writer.apply(batch, closed.signal);
              batch = newBatch(batchSize);
            }
            if (batch.rows.length > 0) await writer.apply(batch, closed.signal);
          },
          close: () => closed.abort(),
        };
      },
    };
  }

  return {
    kind: "transactional",
    async build(workerIndex, _workerCount, context) {
      const writer = await writerFor(own, settings.stagingSchema);
      const schema = settings.stagingSchema ?? writer.table.schema;
      const sink = settings.id ?? `${context?.flow ?? ""}/${context?.step ?? ""}`;
      const execution = context?.execution ?? 0;
      await database.transaction("prepare its tables", async (query) => {
        await ensureStaging(query, schema);
        if (workerIndex === 0) await clearEarlier(query, schema, sink, execution);
      });
      const at = { sink, execution, worker: workerIndex, stagingSchema: schema };
      return stagedPart(writer, own, at, rowEncoder(writer.table, settings), batchSize);
    },
    commit: async (prepared) => (await writerFor(prepared.target, prepared.stagingSchema)).commit(prepared),
    abort: async (prepared) => (await writerFor(prepared.target, prepared.stagingSchema)).abort(prepared),
  };
}

type Place = Pick<PreparedRows, "sink" | "execution" | "worker" | "stagingSchema">;

/** Rows wait in one batch at most; larger intervals are staged as they come. */
function stagedPart<T>(
  writer: Writer,
  target: Target,
  at: Place,
  encode: ReturnType<typeof rowEncoder>,
  batchSize: number,
): TransactionalSinkPart<T, PreparedRows> {
  const run = newRun();
  const closed = new AbortController();
  let seq = 1;
  let batches = 0;
  let deletes = false;
  let batch: Batch = newBatch(batchSize);
  const stage = async (): Promise<void> => {
    if (batch.rows.length === 0) return;
    await writer.stage({ run, seq, batch: batches, sink: at.sink, execution: at.execution }, batch, closed.signal);
    if (batch.deletes) deletes = true;
    batches++;
    batch = newBatch(batchSize);
  };
  /** From the first item on that fills a batch, the rest waits for the database. */
  const stageRest = async (items: readonly T[], from: number): Promise<void> => {
    for (let i = from; ; i++) {
      if (batch.full) await stage();
      if (i === items.length) return;
      const row = encode(items[i]);
      if (row !== undefined) batch.add(row);
    }
  };
  return {
    writeBatch(items) {
      for (let i = 0; i < items.length; i++) {
        const row = encode(items[i]);
        if (row === undefined) continue;
        batch.add(row);
        if (batch.full) return stageRest(items, i + 1);
      }
      return undefined;
    },
    async prepare(epoch) {
      await stage();
      if (batches === 0) return undefined;
      const prepared: PreparedRows = { ...at, target, run, seq, batches, deletes, epoch };
      seq++;
      batches = 0;
      deletes = false;
      return prepared;
    },
    close: () => closed.abort(),
  };
}
