/**
 * The keyed state of one worker. It outlives a dataflow: when an execution is followed by another in the same process, what
 * stays here is not loaded again. It is only true while its execution is: after a failure it is thrown away and loaded anew.
 */
import { partitionOf } from "../hash.ts";
import { wakeOf } from "./state-row.ts";
import { StepState } from "./step-state.ts";

export interface KeyedStates {
  /** Fixed for the life of a store: partitions route persisted keys. */
  readonly partitions: number;
  /** The state of a step; made when first asked for. For the flow layer itself. */
  of(step: string): StepState;
  /** Takes a stored row over, without decoding it. Throws WEIR_DECODE when the bytes are no row. */
  load(step: string, partition: number, key: string, bytes: Uint8Array): void;
  /** Removes a loaded key: a later delta says that it was removed. */
  unload(step: string, key: string): void;
  /** Says that the rows of a partition are here, or are being loaded. */
  addPartition(partition: number): void;
  ownsPartition(partition: number): boolean;
  /** Forgets the keys of a partition. Several drops in a row cost one pass over the keys, when state is next looked at. */
  dropPartition(partition: number): void;
  /** Number of keys of a step. */
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
    settle();
    let state = steps.get(step);
    if (state === undefined) steps.set(step, (state = new StepState(step, route)));
    return state;
  };
  return {
    partitions,
    of,
    load: (step, partition, key, bytes) => of(step).load(partition, key, bytes, wakeOf(bytes)),
    unload: (step, key) => void of(step).entries.delete(key),
    addPartition(partition) {
      // A partition that was dropped and comes back must not keep what it had.
      if (dropped.has(partition)) settle();
      owned.add(partition);
    },
    ownsPartition: (partition) => owned.has(partition),
    dropPartition(partition) {
      if (owned.delete(partition)) dropped.add(partition);
    },
    count: (step) => of(step).entries.size,
    keys: (step) => of(step).entries.keys(),
    read: (step, key) => of(step).read(key),
    steps() {
      settle();
      return [...steps.values()].filter((state) => state.entries.size > 0).map((state) => state.step);
    },
    clear() {
      steps.clear();
      owned.clear();
      dropped.clear();
    },
  };
}
