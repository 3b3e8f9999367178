/**
 * What process 0 does from one execution to the next: claim the store, wait for those who run, have the execution conducted, and
 * decide what follows its end.
 *
 *   claim ─▶ wait for all processes ─▶ prepare ─▶ (all loaded) ─▶ begin … end ─┬─ completed, drained for good, failed: stop
 *     ▲                                   ▲                                   ├─ rescaled: the manifest has the next execution
 *     │                                   └───────────────────────────────────┘
 *     └──────────────── peer lost, store failed (with back-off), one process left ──────────────┘
 *
 * Invariant: whoever was asked to leave begins nothing more; what runs is drained. All that lasts longer than a step of this
 * loop belongs to the parts that it leads:
 *
 *   ownership ◀─ conductor ◀─ rescaling        bystanders, read-ahead        transactions        upkeep        restarts
 */
import { asWeirError, isWeirError, WeirError } from "../errors/index.ts";
import type { Snapshot, Topology } from "../recovery/types.ts";
import { createBystanders } from "./bystanders.ts";
import { type ConductorOptions, createConductor } from "./conductor.ts";
import { fromWireError, type Outcome, type ToCoordinator, toWireError } from "./messages.ts";
import { createOwnership, type OwnershipOptions } from "./ownership.ts";
import { createReadAhead } from "./read-ahead.ts";
import { createRescaling, type RescaleResult } from "./rescaling.ts";
import { createRestarts } from "./restarts.ts";
import { createTransactions, type TransactionsOptions } from "./transactions.ts";
import { createUpkeep } from "./upkeep.ts";

export interface LeaderOptions extends OwnershipOptions, TransactionsOptions, ConductorOptions {
  /** Lists the parts of every partitioned sink. */
  readonly listSinks: () => Promise<Record<string, readonly string[]>>;
  /** A rescale takes a snapshot first when the last one is at least this old, in milliseconds; default 1000. */
  readonly approachMs?: number | undefined;
  readonly sleep: (ms: number) => Promise<void>;
  readonly onEvent: (event: LeaderEvent) => void;
}

export type LeaderEvent =
  | { readonly kind: "claimed"; readonly execution: number; readonly resumedFrom: number | undefined; readonly topology: Topology }
  | { readonly kind: "waiting"; readonly missing: readonly number[] }
  | { readonly kind: "restarting"; readonly error: WeirError; readonly attempt: number }
  /** Something that the flow does without went wrong. */
  | { readonly kind: "trouble"; readonly error: WeirError }
  | { readonly kind: "rescaled"; readonly from: Topology; readonly to: Topology; readonly stallMilliseconds: number };

export interface Leader {
  /** Resolves when the flow has completed or was drained for good; rejects with what made it fail. */
  run(): Promise<"completed" | "drained">;
  handle(process: number, message: ToCoordinator): void;
  peerLost(process: number, error: WeirError): void;
  peerUp(process: number): void;
  poll(): void;
  nextTime(): number | undefined;
  frontier(execution: number, epoch: number): void;
  snapshot(): Promise<{ epoch: number; bytes: number; durationMilliseconds: number }>;
  drain(stay: boolean): void;
  rescale(processes: number): Promise<RescaleResult>;
  readonly topology: Topology;
}

export function createLeader(options: LeaderOptions): Leader {
  const { network, store, clock, sleep, onEvent } = options;
  const durable = store !== undefined;
  let peersChanged: () => void = () => {};
  /** Asked to go: alone, and to come back (true), or with all others. */
  let leaving: boolean | undefined;

  const trouble = (error: WeirError): void => onEvent({ kind: "trouble", error });
  const upkeep = durable ? createUpkeep(store, options.retain, ({ error }) => error && trouble(error)) : undefined;
  const ownership = createOwnership(options, (files) => upkeep?.files(files) ?? files);
  const transactions = createTransactions(options, trouble);
  const bystanders = createBystanders(network, ownership);
  const readAhead = createReadAhead({ network, ownership, isHere: bystanders.isHere, sleep });
  const restarts = createRestarts({
    durable,
    sleep,
    onRestart: (error, attempt) => onEvent({ kind: "restarting", error, attempt }),
  });
  const conductor = createConductor({
    ...options,
    ownership,
    transactions,
    bystanders,
    upkeep,
    onCommitted(message) {
      restarts.progress();
      options.onCommitted?.(message);
    },
  });
  const missing = (processes: number): number[] =>
    Array.from({ length: processes }, (_, process) => process).filter((process) => !network.connected(process));
  const rescaling = createRescaling({
    ownership,
    conductor,
    readAhead,
    durable,
    missing,
    approachMs: options.approachMs,
    clock,
    onRescaled: (from, to, stallMilliseconds) => onEvent({ kind: "rescaled", from, to, stallMilliseconds }),
  });

  const claim = async (): Promise<Snapshot | undefined> => {
    const snapshot = await ownership.claim();
    if (ownership.manifest !== undefined) await transactions.claimed(ownership.manifest, snapshot);
    return snapshot;
  };

  const everybodyConnected = async (): Promise<void> => {
    for (;;) {
      const away = missing(ownership.topology.processes);
      if (away.length === 0 || leaving !== undefined) return;
      onEvent({ kind: "waiting", missing: away });
      await new Promise<void>((resolve) => (peersChanged = resolve));
    }
  };

  const runOnce = async (snapshot: Snapshot | undefined, keep: boolean): Promise<Outcome> => {
    await everybodyConnected();
    if (leaving !== undefined) return { kind: "drained", epoch: snapshot?.epoch ?? 0, stay: leaving };
    const { execution, topology } = ownership;
    onEvent({ kind: "claimed", execution, resumedFrom: snapshot?.epoch, topology });
    return conductor.conduct(snapshot, keep);
  };

  /** For good. Whoever waits for a rescale is told as well. */
  const fail = (error: unknown): never => {
    rescaling.end(asWeirError(error, "WEIR_EXECUTION_ENDED", "the flow has failed"));
    throw error;
  };
  const restart = async (error: WeirError): Promise<void> => {
    if (!(await restarts.again(error))) fail(error);
  };

  return {
    async run() {
      let keep = false;
      let snapshot: Snapshot | undefined;
      let first = true;
      for (;;) {
        // Whoever was asked to go does not take the store over once more.
        if (!first && !keep && leaving !== undefined) return "drained";
        if (!keep) {
          try {
            snapshot = await claim();
          } catch (error) {
            if (first || !isWeirError(error) || !restarts.passes(error)) return fail(error);
            await restart(error);
            continue;
          }
        }
        first = false;
        const outcome = await runOnce(snapshot, keep);
        keep = false;
        switch (outcome.kind) {
          case "completed":
            rescaling.end();
            bystanders.end(outcome);
            await upkeep?.idle();
            return "completed";
          case "drained":
            rescaling.end();
            if (!outcome.stay || leaving !== undefined) {
              if (!outcome.stay) bystanders.end(outcome);
              await upkeep?.idle();
              return "drained";
            }
            break;
          case "rescaled":
            ownership.succeed();
            rescaling.committed(outcome.from, outcome.to, outcome.epoch);
            snapshot = ownership.base;
            keep = true;
            break;
          default: {
            const error = fromWireError(outcome.error);
            rescaling.lost(error);
            if (!restarts.passes(error)) return fail(error);
            await restart(error);
          }
        }
      }
    },
    handle(process, message) {
      if (message.kind === "compacted") {
        if (message.execution === ownership.execution) upkeep?.share(process, message.result);
        return;
      }
      if (message.kind === "ahead") return readAhead.reached(process, message.epoch);
      if (message.kind === "sealed") transactions.prepared(message);
      conductor.coordinator?.handle(process, message);
    },
    peerLost(process, error) {
      bystanders.went(process);
      readAhead.went(process);
      if (process < ownership.topology.processes) conductor.coordinator?.abort({ kind: "lost", error: toWireError(error) });
    },
    peerUp(process) {
      bystanders.came(process);
      peersChanged();
      if (conductor.coordinator !== undefined && process >= ownership.topology.processes) bystanders.offer(process);
    },
    poll() {
      // A drain that was asked for during a rescale, or before the beginning, takes place as soon as it can.
      const { coordinator } = conductor;
      if (leaving !== undefined && coordinator?.begun === true) coordinator.finish({ kind: "drain", stay: leaving });
      coordinator?.poll();
    },
    nextTime: () => conductor.coordinator?.nextTime(),
    frontier(execution, epoch) {
      if (execution !== ownership.execution) return;
      conductor.coordinator?.frontier(epoch);
      rescaling.frontier(epoch);
    },
    snapshot() {
      if (conductor.coordinator === undefined)
        return Promise.reject(new WeirError("WEIR_EXECUTION_ENDED", "no snapshot was taken: the flow is not running now"));
      return conductor.coordinator.snapshot();
    },
    drain(stay) {
      leaving = stay;
      const { coordinator } = conductor;
      if (coordinator?.begun === true) coordinator.finish({ kind: "drain", stay });
      else coordinator?.abort({ kind: "drained", epoch: ownership.base?.epoch ?? 0, stay });
      peersChanged();
    },
    rescale: rescaling.request,
    get topology() {
      return ownership.topology;
    },
  };
}
