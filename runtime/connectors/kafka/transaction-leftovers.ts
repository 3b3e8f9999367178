/**
 * Transactions that dead executions have left open and no snapshot names: as long as they are open, whoever reads committed
 * records waits in front of them. Ids say which execution they are of, and a new execution begins after all that the manifest
 * names is settled; so what is open under an earlier execution's id is nobody's, and is aborted. Taking its id over also shuts
 * out a process of that execution that does not know yet that it is over.
 *
 *   <prefix>-<execution>-<worker>-<n>
 */
import { faultName, isPassing } from "./fault.ts";
import { retry } from "./sink-retry.ts";
import type { TransactionRequests } from "./transaction-requests.ts";

export interface TransactionalIds {
  readonly prefix: string;
  readonly execution: number;
}

export function transactionalId({ prefix, execution }: TransactionalIds, worker: number, n: number): string {
  return `${prefix}-${execution}-${worker}-${n}`;
}

/** Execution and worker of an id with this prefix. */
export function parseTransactionalId(prefix: string, id: string): { execution: number; worker: number } | undefined {
  if (!id.startsWith(`${prefix}-`)) return undefined;
  const parts = /^(\d+)-(\d+)-(\d+)$/.exec(id.slice(prefix.length + 1));
  return parts === null ? undefined : { execution: Number(parts[1]), worker: Number(parts[2]) };
}

export interface LeftoverOptions {
  readonly ids: TransactionalIds;
  /** Each worker looks after a share of the ids. */
  readonly worker: number;
  readonly workers: number;
  readonly timeoutMs: number;
  readonly withinMs: number;
  /** True once the flow has ended: nothing is tried again. */
  readonly given?: () => boolean;
}

/** Gives the ids whose transactions were aborted. A user that may not list transactions sees none: they end by their timeout. */
export async function abortLeftovers(requests: TransactionRequests, options: LeftoverOptions): Promise<readonly string[]> {
  const { ids, worker, workers, timeoutMs, withinMs, given } = options;
  const trying = { withinMs, ...(given === undefined ? {} : { given }) };
  const refused = (name: string) => !isPassing(name);
  let found: readonly string[];
  try {
    found = await retry(() => requests.listOpen(), { doing: "list open transactions", ...trying, except: refused });
  } catch (error) {
    if (!refused(faultName(error))) throw error;
    return [];
  }
  const mine = found.filter((id) => {
    const of = parseTransactionalId(ids.prefix, id);
    return of !== undefined && of.execution < ids.execution && of.worker % workers === worker;
  });
  for (const id of mine) await retry(() => requests.initProducer(id, timeoutMs), { doing: `abort transaction ${id}`, ...trying });
  return mine;
}
