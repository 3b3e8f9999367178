/**
 * The transactions of one worker, one after the other:
 *
 *   idle ── begin ──▶ open ── prepare ──▶ idle, and one more that waits for its commit
 *                      └──── abandon ──▶ idle
 *
 * Invariant: an id is used again only when its last transaction is settled. Taking an id for a new transaction aborts what is
 * open under it, so that a prepared one must not be touched. Normally two ids are enough: while the snapshot that counts on one
 * is being committed, the next interval is written under the other.
 *
 * Each begin raises the epoch of its id: the name of a transaction never comes again.
 */
import { interrupted } from "./sink-fault.ts";
import { retry } from "./sink-retry.ts";
import { transactionalId, type TransactionalIds } from "./transaction-leftovers.ts";
import type { TransactionName, TransactionRequests } from "./transaction-requests.ts";

export interface TransactionOptions {
  readonly ids: TransactionalIds;
  readonly worker: number;
  readonly timeoutMs: number;
  readonly withinMs: number;
  /** True once the flow has ended: nothing is tried again. */
  readonly given?: () => boolean;
}

export interface Transactions {
  readonly state: "idle" | "open";
  begin(): Promise<TransactionName>;
  enlist(partitions: readonly { readonly topic: string; readonly partition: number }[]): Promise<void>;
  /** The open transaction waits from now on for its commit, from wherever. Everything must have been written. */
  prepare(): TransactionName;
  /** Aborts the open transaction, if there is one, without insisting. */
  abandon(): Promise<void>;
}

interface Slot {
  readonly id: string;
  /** Prepared, and not known to be settled. */
  waiting: TransactionName | undefined;
}

/** The next start aborts it, if this takes longer. */
const abandonMs = 2_000;

export function createTransactions(requests: TransactionRequests, options: TransactionOptions): Transactions {
  const { timeoutMs, withinMs, given } = options;
  const trying = { withinMs, ...(given === undefined ? {} : { given }) };
  const slots: Slot[] = [];
  let open: { readonly slot: Slot; readonly name: TransactionName } | undefined;

  const isSettled = async (slot: Slot): Promise<boolean> => {
    const { waiting } = slot;
    if (waiting === undefined) return true;
    const doing = `see whether transaction ${slot.id} is settled`;
    const found = await retry(() => requests.openTransaction(slot.id), { doing, ...trying });
    if (found?.producerId === waiting.producerId && found.producerEpoch === waiting.producerEpoch) return false;
    slot.waiting = undefined;
    return true;
  };
  const freeSlot = async (): Promise<Slot> => {
    for (const slot of slots) if (await isSettled(slot)) return slot;
    const slot: Slot = { id: transactionalId(options.ids, options.worker, slots.length), waiting: undefined };
    slots.push(slot);
    return slot;
  };

  return {
    get state() {
      return open === undefined ? "idle" : "open";
    },
    async begin() {
      if (open !== undefined) throw new Error("a transaction is open already");
      const slot = await freeSlot();
      const name = await retry(() => requests.initProducer(slot.id, timeoutMs), { doing: "begin a transaction", ...trying });
      open = { slot, name };
      return name;
    },
    async enlist(partitions) {
      if (open === undefined) throw interrupted("write", "no transaction is open");
      const { name } = open;
      await retry(() => requests.addPartitions(name, partitions), { doing: "add partitions to a transaction", ...trying });
    },
    prepare() {
      const { slot, name } = open!;
      slot.waiting = name;
      open = undefined;
      return name;
    },
    async abandon() {
      if (open === undefined) return;
      const { name } = open;
      open = undefined;
      const ending = requests.end(name, false).catch(() => undefined);
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, abandonMs)));
      await Promise.race([ending, late]).finally(() => clearTimeout(timer));
    },
  };
}
