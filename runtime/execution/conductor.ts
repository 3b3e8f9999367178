/**
 * Conducts one execution after the other on process 0: makes its coordinator, sends what that says to all processes of the
 * topology, and commits what they have sealed.
 *
 * Invariant: at most one coordinator lives, and it is that of the execution which is owned, from `prepare` to `end`.
 */
import type { Snapshot } from "../recovery/types.ts";
import type { Bystanders } from "./bystanders.ts";
import {
  type CommitInput,
  type CommitResult,
  type Coordinator,
  type CoordinatorOptions,
  createCoordinator,
} from "./coordinator.ts";
import type { CoordinatedSource } from "./inputs.ts";
import type { Committed, FromCoordinator, Outcome } from "./messages.ts";
import type { Network } from "./network.ts";
import type { Ownership } from "./ownership.ts";
import type { Transactions } from "./transactions.ts";
import type { Upkeep } from "./upkeep.ts";

export interface ConductorOptions {
  readonly network: Network;
  readonly sources: readonly CoordinatedSource[];
  readonly listSinks: CoordinatorOptions["listSinks"];
  readonly epochMs: number;
  /** Of no account without a store. */
  readonly snapshotMs: number;
  readonly listEveryMs?: number | undefined;
  readonly clock: () => number;
  readonly wake: () => void;
  /** At once, for the process beside the leader: its own message may come when the last commit has ended everything. */
  readonly onCommitted?: (message: Committed) => void;
}

export interface Conductor {
  /** Resolves with how it ended. @param keep state of this epoch that is in memory may stay there */
  conduct(snapshot: Snapshot | undefined, keep: boolean): Promise<Outcome>;
  /** Of the execution that runs; undefined between two of them. */
  readonly coordinator: Coordinator | undefined;
  /** When the last snapshot was committed, or the execution began, whichever was later. */
  readonly savedAt: number;
}

export function createConductor(
  options: ConductorOptions & {
    readonly ownership: Ownership;
    readonly transactions: Transactions;
    readonly bystanders: Bystanders;
    /** Given with a store. */
    readonly upkeep: Upkeep | undefined;
  },
): Conductor {
  const { ownership, transactions, bystanders, upkeep, network, clock } = options;
  let coordinator: Coordinator | undefined;
  let ended: ((outcome: Outcome) => void) | undefined;
  let savedAt = 0;

  const broadcast = (message: FromCoordinator): void => {
    for (let process = 0; process < ownership.topology.processes; process++) network.send(process, message);
    if (message.kind === "committed") options.onCommitted?.(message);
    if (message.kind === "end") ended?.(message.outcome);
  };

  const commit = async (input: CommitInput): Promise<CommitResult> => {
    const time = new Date(clock()).toISOString();
    const snapshot = await ownership.commit(input, time);
    if (snapshot === undefined) return { time, bytes: 0 };
    savedAt = clock();
    await transactions.committed(snapshot);
    const bytes = input.sealed.flatMap(({ files }) => files).reduce((sum, file) => sum + file.bytes, 0);
    // Settling may outlast its execution: the next has files of its own, in the place of this snapshot's before long.
    if (ownership.execution !== snapshot.execution) return { time, bytes };
    const goesOn = input.rescaleTo === undefined;
    if (goesOn) bystanders.offer();
    const plan = upkeep?.committed(ownership.manifest!, snapshot);
    if (plan !== undefined && goesOn) broadcast({ kind: "compact", execution: ownership.execution, plan });
    return { time, bytes };
  };

  return {
    async conduct(snapshot, keep) {
      const { execution, topology, manifest } = ownership;
      const assignment = manifest?.assignment ?? ownership.assign(topology.processes * topology.threads);
      const outcome = new Promise<Outcome>((resolve) => (ended = resolve));
      coordinator = createCoordinator({
        execution,
        topology,
        startEpoch: (snapshot?.epoch ?? 0) + 1,
        sources: options.sources,
        listSinks: options.listSinks,
        epochMs: options.epochMs,
        snapshotMs: manifest === undefined ? undefined : options.snapshotMs,
        ...(options.listEveryMs === undefined ? {} : { listEveryMs: options.listEveryMs }),
        clock,
        broadcast,
        commit,
        wake: options.wake,
      });
      savedAt = clock();
      upkeep?.reset(topology.processes);
      bystanders.offer();
      broadcast({ kind: "prepare", execution, topology, assignment, keep, ...(snapshot === undefined ? {} : { snapshot }) });
      const result = await outcome;
      coordinator = undefined;
      return result;
    },
    get coordinator() {
      return coordinator;
    },
    get savedAt() {
      return savedAt;
    },
  };
}
