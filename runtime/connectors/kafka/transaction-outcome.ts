/**
 * The second half of the commit: from any process, also after everything has died, and again and again. The transaction is ended
 * under the name it was prepared with, so that nothing but itself can be ended by it.
 *
 * The coordinator's answer is final when it says yes. When it says no (its id has gone on to a later transaction, was forgotten
 * after a week, or the transaction was aborted because nobody came in time) it does not say which, and the log is asked instead:
 * in it a committed transaction can be told from an aborted one for as long as its records are there.
 */
import { WeirError } from "../../errors/index.ts";
import { faultName } from "./fault.ts";
import { endedNames, interrupted } from "./sink-fault.ts";
import { retry } from "./sink-retry.ts";
import type { Evidence, Outcome, TransactionName, TransactionRequests } from "./transaction-requests.ts";

/** What goes into the snapshot, as JSON. */
export interface PreparedTransaction {
  readonly transactionalId: string;
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly topics: readonly string[];
  readonly first?: { readonly topic: string; readonly partition: number; readonly offset: string } | undefined;
  /** When it was prepared, in ISO 8601, and how long it may stay open. */
  readonly at: string;
  readonly timeoutMs: number;
}

export interface OutcomeOptions {
  readonly withinMs: number;
  readonly ifLost: "fail" | "continue";
}

/** @throws WEIR_SINK_LOST when it was aborted; WEIR_SINK_INTERRUPTED when no broker answers in time */
export async function commitPrepared(
  requests: TransactionRequests,
  prepared: PreparedTransaction,
  { withinMs, ifLost }: OutcomeOptions,
): Promise<void> {
  const name = nameOf(prepared);
  const doing = `commit transaction ${prepared.transactionalId}`;
  try {
    await retry(() => requests.end(name, true), { doing, withinMs, except: (fault) => endedNames.has(fault) });
    return;
  } catch (error) {
    const fault = faultName(error);
    if (!endedNames.has(fault)) throw error;
    const outcome = await findOutcome(requests, name, prepared, withinMs);
    if (outcome === "committed" || outcome === "gone" || ifLost === "continue") return;
    throw lost(prepared, outcome, fault, error);
  }
}

/** Gives up what no snapshot names. Of what has ended already nothing is asked. */
export async function abortPrepared(
  requests: TransactionRequests,
  prepared: PreparedTransaction,
  { withinMs }: Pick<OutcomeOptions, "withinMs">,
): Promise<void> {
  const doing = `abort transaction ${prepared.transactionalId}`;
  try {
    await retry(() => requests.end(nameOf(prepared), false), { doing, withinMs, except: (fault) => endedNames.has(fault) });
  } catch (error) {
    if (!endedNames.has(faultName(error))) throw error;
  }
}

export function nameOf(prepared: PreparedTransaction): TransactionName {
  const { transactionalId, producerId, producerEpoch } = prepared;
  return { transactionalId, producerId: BigInt(producerId), producerEpoch };
}

async function findOutcome(
  requests: TransactionRequests,
  name: TransactionName,
  { first }: PreparedTransaction,
  withinMs: number,
): Promise<Outcome> {
  if (first === undefined) return "unknown";
  const evidence: Evidence = { ...first, offset: BigInt(first.offset) };
  const doing = `find out what became of transaction ${name.transactionalId}`;
  const final = async (): Promise<Outcome> => {
    const outcome = await requests.outcome(name, evidence);
    // Its end is decided and is being written into the partitions.
    if (outcome === "open") throw Object.assign(new Error("still open"), { apiId: "CONCURRENT_TRANSACTIONS" });
    return outcome;
  };
  try {
    const except = (fault: string) => fault === "OFFSET_OUT_OF_RANGE" || fault === "UNKNOWN_TOPIC_OR_PARTITION";
    return await retry(final, { doing, withinMs, except });
  } catch (error) {
    const fault = faultName(error);
    // Removed by retention, or with the topic: nobody can read it, whatever became of it.
    if (fault === "OFFSET_OUT_OF_RANGE" || fault === "UNKNOWN_TOPIC_OR_PARTITION") return "gone";
    throw error instanceof WeirError ? error : interrupted(doing, fault, error);
  }
}

function lost(prepared: PreparedTransaction, outcome: Outcome, fault: string, cause: unknown): WeirError {
  const { transactionalId, at, timeoutMs, topics } = prepared;
  const what =
    outcome === "aborted"
      ? `was aborted by the broker before it was committed`
      : `cannot be committed, and what became of it cannot be read from the topic`;
  return new WeirError(
    "WEIR_SINK_LOST",
    `Transaction ${transactionalId} (${topics.join(", ")}), prepared at ${at}, ${what} (${fault}). ` +
      `A transaction lives for ${timeoutMs / 1000} s, and the flow was not there to commit it. Resume from the snapshot before, ` +
      'if it is retained, to write its results again; or set ifLost: "continue" on the sink to go on without them',
    { cause },
  );
}
