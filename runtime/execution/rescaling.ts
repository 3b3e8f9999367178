/**
 * A change of the number of processes, from the request to the first epoch that the new topology has completed:
 *
 *   request ─▶ (snapshot, and its reading ahead, while the flow goes on) ─▶ last tick ─▶ commit ─▶ an epoch is complete: answered
 *                                                                              └───── the flow stands still ─────┘
 *
 * Invariant: at most one request is open, and it is answered at most once. Whatever ends the execution before the commit refuses
 * it; after the commit the new topology is the truth, whatever happens, and the answer waits for it to run, or for the flow to fail
 * for good.
 */
import { WeirError } from "../errors/index.ts";
import type { Topology } from "../recovery/types.ts";
import type { Conductor } from "./conductor.ts";
import type { Coordinator } from "./coordinator.ts";
import type { Ownership } from "./ownership.ts";
import type { ReadAhead } from "./read-ahead.ts";

export interface RescaleResult {
  readonly execution: number;
  readonly epoch: number;
  readonly stallMilliseconds: number;
}

export interface RescalingOptions {
  readonly ownership: Ownership;
  readonly readAhead: ReadAhead;
  /** There is a store to move state by. */
  readonly durable: boolean;
  readonly conductor: Conductor;
  /** Which of the first so many processes are not connected. */
  readonly missing: (processes: number) => readonly number[];
  readonly approachMs: number | undefined;
  readonly clock: () => number;
  readonly onRescaled: (from: Topology, to: Topology, stallMilliseconds: number) => void;
}

export interface Rescaling {
  /** Rejects with WEIR_RESCALE_REFUSED, or with what ended the execution before the commit. */
  request(processes: number): Promise<RescaleResult>;
  /** The execution has ended behind the commit that carries the new topology. */
  committed(from: Topology, to: Topology, epoch: number): void;
  /** All before `epoch` is complete in the execution that runs now. */
  frontier(epoch: number): void;
  /** The execution was lost. What a commit has made the truth stays so, and is reported once it runs. */
  lost(error: WeirError): void;
  /** The flow ends: nothing more will come of a request that is open. */
  end(error?: WeirError): void;
}

interface Request {
  readonly to: Topology;
  /** When the last tick was sent, from which on nothing comes out. */
  startedAt: number;
  resolve(result: RescaleResult): void;
  reject(error: WeirError): void;
}
/** A rescale that is committed, and no epoch of the new topology is complete yet. */
interface Stall {
  readonly from: Topology;
  readonly to: Topology;
  readonly epoch: number;
  readonly startedAt: number;
}

/**
 * A rescale takes a snapshot first when the last one is older than this, in milliseconds, while the flow goes on: the one for which it
 * stands still then has little to say. Those that stand by are given a while to read it.
 */
const defaultApproachMs = 1000;

const refusal = (why: string): WeirError => new WeirError("WEIR_RESCALE_REFUSED", `the flow was not rescaled: ${why}`);

export function createRescaling(options: RescalingOptions): Rescaling {
  const { ownership, conductor, readAhead, clock } = options;
  let open: Request | undefined;
  let stall: Stall | undefined;

  /** Why not, if it cannot be now. */
  const obstacle = (processes: number): string | undefined => {
    const { topology, partitions } = ownership;
    if (!options.durable) return "without a recovery store there is no state to move; restart it with another number of processes";
    if (!Number.isInteger(processes) || processes < 1) return `${processes} is not a number of processes`;
    if (processes * topology.threads > partitions) return `there are only ${partitions} partitions`;
    if (open !== undefined || conductor.coordinator?.begun !== true) return "another change is running";
    if (processes === topology.processes) return `it has ${processes} processes already`;
    const missing = options.missing(processes);
    return missing.length > 0 ? `process ${missing.join(", ")} is not there yet` : undefined;
  };

  /** The last tick of this execution, once a snapshot taken while the flow goes on leaves it little to say. */
  const approach = async (own: Coordinator, mine: Request): Promise<void> => {
    await own.snapshot();
    await readAhead.prepare(mine.to);
    // Whatever has ended the execution meanwhile has told whoever asked.
    if (conductor.coordinator !== own || open !== mine) return;
    const missing = options.missing(mine.to.processes);
    mine.startedAt = clock();
    if (missing.length === 0 && own.finish({ kind: "rescale", to: mine.to })) return;
    open = undefined;
    readAhead.forget();
    mine.reject(refusal(missing.length > 0 ? `process ${missing.join(", ")} went away` : "it is ending"));
  };

  const report = ({ from, to, epoch, startedAt }: Stall, request: Request | undefined): void => {
    const stallMilliseconds = clock() - startedAt;
    options.onRescaled(from, to, stallMilliseconds);
    request?.resolve({ execution: ownership.execution, epoch, stallMilliseconds });
  };

  const end = (error?: WeirError): void => {
    const request = open;
    open = undefined;
    if (stall !== undefined && error === undefined) report(stall, request);
    else request?.reject(error ?? new WeirError("WEIR_RESCALE_REFUSED", "the flow ended before it was rescaled"));
    stall = undefined;
  };

  return {
    async request(processes) {
      const why = obstacle(processes);
      if (why !== undefined) throw refusal(why);
      const own = conductor.coordinator!;
      const to: Topology = { processes, threads: ownership.topology.threads };
      const fresh = clock() - conductor.savedAt < (options.approachMs ?? defaultApproachMs);
      if (fresh && !own.finish({ kind: "rescale", to })) throw refusal("the flow is ending");
      return new Promise((resolve, reject) => {
        open = { to, startedAt: clock(), resolve, reject };
        // It fails with the execution, which says so itself.
        if (!fresh) approach(own, open).catch(() => undefined);
      });
    },
    committed: (from, to, epoch) => void (stall = { from, to, epoch, startedAt: open!.startedAt }),
    frontier(epoch) {
      if (stall !== undefined && epoch > stall.epoch + 1) end();
    },
    lost(error) {
      if (stall === undefined) end(error);
    },
    end,
  };
}
