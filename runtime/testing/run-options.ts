import { WeirError } from "../errors/index.ts";
import { checkOptionalCall, checkOptionalFlag, checkOptionsObject } from "../flow/option-checks.ts";
import { show } from "../flow/show.ts";

export interface RunOptions {
  /** Timely workers, all on this thread, interleaved. Default 1. */
  workers?: number;
  /** Length of an epoch in milliseconds; 0 = every batch is its own epoch. Default 200. */
  epochMs?: number;
  recovery?: {
    /** `file:///dir`, `s3://bucket/prefix` or `azure://container/prefix`. */
    store: string;
    /** Fixed when the store is first used (default 128); a different number later is an error. */
    partitions?: number;
    /** Milliseconds between snapshots; 0 = a snapshot at every epoch. Default 10 000. */
    snapshotMs?: number;
    /** Snapshots that stay restorable. Default 1. */
    retain?: number;
    /** Resume from this epoch's snapshot instead of the newest; it must be retained. */
    fromEpoch?: number;
    allowDroppedState?: boolean;
  };
  /** The system clock of the run: of `systemClock`, `eventClock`, `notifyAt` and polling. Epochs, snapshots and PAUSE keep real time. */
  now?: () => number;
}

/** @throws WeirError WEIR_FLOW_OPTION naming the option */
export function checkOptions(of: string, options: RunOptions & { processes?: number }): void {
  checkOptionsObject(of, options);
  const { recovery } = options;
  checkOptionalCall(of, "now", options.now);
  number(of, "processes", options.processes, 1, true);
  number(of, "workers", options.workers, 1, true);
  number(of, "epochMs", options.epochMs, 0, true);
  if (recovery === undefined) return;
  checkOptionsObject(of, recovery, "recovery");
  checkOptionalFlag(of, "recovery.allowDroppedState", recovery.allowDroppedState);
  if (typeof recovery.store !== "string") refuse(of, "recovery.store", "the URL of a store", recovery.store);
  number(of, "recovery.partitions", recovery.partitions, 1, true);
  number(of, "recovery.snapshotMs", recovery.snapshotMs, 0, false);
  number(of, "recovery.retain", recovery.retain, 1, true);
  number(of, "recovery.fromEpoch", recovery.fromEpoch, 0, true);
}

function number(of: string, name: string, value: unknown, least: number, whole: boolean): void {
  if (value === undefined) return;
  const good = typeof value === "number" && value >= least && (Number.isInteger(value) || (!whole && Number.isFinite(value)));
  if (!good) refuse(of, name, `a ${whole ? "whole " : ""}number from ${least}`, value);
}
function refuse(of: string, name: string, wanted: string, value: unknown): never {
  throw new WeirError("WEIR_FLOW_OPTION", `${of}: ${name} must be ${wanted}, and is ${show(value)}`);
}
