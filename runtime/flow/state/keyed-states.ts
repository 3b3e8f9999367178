/**
 * The keyed state of one worker. It outlives a dataflow: when an execution is followed by another in the same process, what
 * stays here is not loaded again. It is only true while its execution is: after a failure it is thrown away and loaded anew.
 */
import type { Buffer } from "node:buffer";
import { partitionOf } from "../hash.ts";
import { StepState } from "./step-state.ts";

export type LoadRow = (
  step: string,
  partition: number,
  bytes: Buffer,
  keyStart: number,
  keyEnd: number,
  valueStart: number,
  valueEnd: number,
) => void;

export interface KeyedStates {
  /** Fixed for the life of a store: partitions route persisted keys. */
  readonly partitions: number;
  /** The state of a step; made when first asked for. For the flow layer itself. */
  of(step: string): StepState;
  /**
   * Takes a stored row over without decoding it: key (UTF-8) and value are ranges of `bytes`, which must not change any more;
   * `valueEnd` -1 = a later file says that the key was removed. Throws WEIR_DECODE when the bytes are no row.
   */
  load: LoadRow;
  /** Says that the rows of a partition are here, or are being loaded. */
  addPartition(partition: number): void;
  ownsPartition(partition: number): boolean;
  /** Forgets the keys of a partition. Several drops in a row cost one pass over the keys, little by little. */
  dropPartition(partition: number): void;
  /** Number of keys of a step; for a moment after a drop, with some that are about to go. */
  count(step: string): number;
  keys(step: string): IterableIterator<string>;
  /** The present state of a key (undefined: no such key), for live queries. */
  read(step: string, key: string): unknown;
  /** Steps that have keys. */
  steps(): string[];
  clear(): void;
}

export function createKeyedStates(partitions: number): KeyedStates {
  const steps = new Map<string, StepState>();
  const owned = new Set<number>();
  const dropped = new Set<number>();
  const settle = () => {
    if (dropped.size === 0) return;
    for (const state of steps.values()) state.drop(dropped);
    dropped.clear();
  };
  const route = (key: string) => partitionOf(key, partitions);
  const of = (step: string): StepState => {
    if (dropped.size > 0) settle();
    let state = steps.get(step);
    if (state === undefined) steps.set(step, (state = new StepState(step, route)));
    return state;
  };
  return {
    partitions,
    of,
    load(step, partition, bytes, keyStart, keyEnd, valueStart, valueEnd) {
      const state = of(step);
      if (valueEnd === -1) state.unload(partition, bytes, keyStart, keyEnd);
      else state.load(partition, bytes, keyStart, keyEnd, valueStart, valueEnd);
    },
    addPartition(partition) {
      // A partition that was dropped and comes back must not keep what it had.
      settle();
      for (const state of steps.values()) if (state.leaving(partition)) state.sweep(Infinity);
      owned.add(partition);
    },
    ownsPartition: (partition) => owned.has(partition),
    dropPartition(partition) {
      if (owned.delete(partition)) dropped.add(partition);
    },
    count: (step) => of(step).size,
    keys: (step) => of(step).keys(),
    read: (step, key) => of(step).read(key),
    steps() {
      settle();
      for (const state of steps.values()) state.sweep(Infinity);
      return [...steps.values()].filter((state) => state.size > 0).map((state) => state.step);
    },
    clear() {
      steps.clear();
      owned.clear();
      dropped.clear();
    },
  };
}
