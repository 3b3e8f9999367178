/**
 * A transaction coordinator as Kafka's is, small: ids with epochs, states, time-outs, and a log per topic that shows what became of
 * a transaction. Faults can be put in front of or behind any request: `fail` before it takes effect, `lose` after it.
 */
import type {
  Evidence,
  Outcome,
  TransactionName,
  TransactionRequests,
} from "../../../runtime/connectors/kafka/transaction-requests.ts";

type State = "Empty" | "Ongoing" | "CompleteCommit" | "CompleteAbort";
interface Entry {
  producerId: bigint;
  epoch: number;
  state: State;
  timeoutMs: number;
}

export interface FakeCoordinator extends TransactionRequests {
  readonly requests: string[];
  /** The next request of this kind fails so, without effect. */
  fail(kind: string, fault: string): void;
  /** The next request of this kind takes effect, and its answer is lost. */
  lose(kind: string): void;
  /** The transaction has been open for too long: aborted, and its producer fenced, as the broker does. */
  timeOut(transactionalId: string): void;
  /** A week has passed. */
  forget(transactionalId: string): void;
  /** Retention has removed what is in the logs. */
  truncate(): void;
  stateOf(transactionalId: string): State | undefined;
}

export function fault(name: string): Error {
  return Object.assign(new Error(name), { apiId: name });
}

export function fakeCoordinator(): FakeCoordinator {
  const entries = new Map<string, Entry>();
  const outcomes = new Map<string, Outcome>();
  const before = new Map<string, string[]>();
  const behind = new Map<string, number>();
  const requests: string[] = [];
  let nextProducer = 100n;
  let truncated = false;

  const key = ({ producerId, producerEpoch }: TransactionName): string => `${producerId}/${producerEpoch}`;
  const finish = (entry: Entry, transactionalId: string, outcome: "committed" | "aborted"): void => {
    entry.state = outcome === "committed" ? "CompleteCommit" : "CompleteAbort";
    outcomes.set(key({ transactionalId, producerId: entry.producerId, producerEpoch: entry.epoch }), outcome);
  };
  const request = async <T>(kind: string, effect: () => T): Promise<T> => {
    requests.push(kind);
    const fails = before.get(kind)?.shift();
    if (fails !== undefined) throw fault(fails);
    const result = effect();
    const lost = behind.get(kind) ?? 0;
    if (lost > 0) {
      behind.set(kind, lost - 1);
      throw fault("NETWORK");
    }
    return result;
  };
  const find = ({ transactionalId, producerId, producerEpoch }: TransactionName): Entry => {
    const entry = entries.get(transactionalId);
    if (entry === undefined || entry.producerId !== producerId) throw fault("INVALID_PRODUCER_ID_MAPPING");
    if (entry.epoch !== producerEpoch) throw fault("PRODUCER_FENCED");
    return entry;
  };

  return {
    requests,
    initProducer: (transactionalId, timeoutMs) =>
      request("init", () => {
        let entry = entries.get(transactionalId);
        if (entry === undefined)
          entries.set(transactionalId, (entry = { producerId: nextProducer++, epoch: -1, state: "Empty", timeoutMs }));
        if (entry.state === "Ongoing") {
          finish(entry, transactionalId, "aborted");
          entry.epoch++;
          throw fault("CONCURRENT_TRANSACTIONS");
        }
        entry.epoch++;
        entry.state = "Empty";
        return { transactionalId, producerId: entry.producerId, producerEpoch: entry.epoch };
      }),
    addPartitions: (name) => request("add", () => void (find(name).state = "Ongoing")),
    end: (name, commit) =>
      request("end", () => {
        const entry = find(name);
        if (entry.state === "Ongoing") return finish(entry, name.transactionalId, commit ? "committed" : "aborted");
        if (entry.state !== (commit ? "CompleteCommit" : "CompleteAbort")) throw fault("INVALID_TXN_STATE");
      }),
    openTransaction: (transactionalId) =>
      request("describe", () => {
        const entry = entries.get(transactionalId);
        if (entry?.state !== "Ongoing") return undefined;
        return { transactionalId, producerId: entry.producerId, producerEpoch: entry.epoch };
      }),
    listOpen: () => request("list", () => [...entries].filter(([, { state }]) => state === "Ongoing").map(([id]) => id)),
    outcome: (name, _evidence: Evidence) =>
      request("outcome", () => {
        if (truncated) throw fault("OFFSET_OUT_OF_RANGE");
        return outcomes.get(key(name)) ?? "open";
      }),
    fail: (kind, name) => void before.set(kind, [...(before.get(kind) ?? []), name]),
    lose: (kind) => void behind.set(kind, (behind.get(kind) ?? 0) + 1),
    timeOut(transactionalId) {
      const entry = entries.get(transactionalId)!;
      finish(entry, transactionalId, "aborted");
      entry.epoch++;
    },
    forget: (transactionalId) => void entries.delete(transactionalId),
    truncate: () => void (truncated = true),
    stateOf: (transactionalId) => entries.get(transactionalId)?.state,
  };
}
