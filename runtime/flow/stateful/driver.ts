/**
 * What a stateful step does with its keys, apart from time: the core (operator.ts) decides which epoch a chunk belongs to, when
 * keys are woken and when snapshots are taken; a driver handles records. Errors that a driver throws name the step.
 */
import type { KnownKeys } from "../exchange/key-splitter.ts";
import type { Entry } from "../state/entry.ts";
import type { StateForm, StepState } from "../state/step-state.ts";
import type { Wakes } from "../state/wakes.ts";
import type { Outlet } from "./outlet.ts";

/** What the core lends to a driver. */
export interface Core {
  readonly step: string;
  readonly state: StepState;
  readonly wakes: Wakes;
  /** One per output of the step. */
  readonly outlets: readonly Outlet[];
  readonly now: () => number;
}

export interface Driver extends StateForm {
  /** Records of one chunk, in their order. `port` is the input that they came by (a join has several). */
  batch(keys: string[], values: unknown[], port: number, known?: KnownKeys): void;
  /** The key's time has come; it is open. */
  notify?(entry: Entry): void;
  /** The input has ended; the key is open. Left out when nothing happens then. */
  eof?(entry: Entry): void;
}

export type DriverOf = (core: Core) => Driver;
