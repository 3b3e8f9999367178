/**
 * What is kept of a window's values, and what comes of it. A `WindowAggregate` is shared by all keys and windows of a step;
 * what differs is the state A, which `open` makes from a window's first value. Results go straight to the outputs.
 */
import type { WindowEvents } from "./types.ts";

export interface WindowAggregate<V, A> {
  /** Kept with the state: a resume with another kind of aggregate is refused. */
  readonly kind: string;
  /** The order of values and windows makes no difference: they need not wait for their turn. */
  readonly commutes: boolean;
  open(value: V): A;
  /** Returns the new state, which may be the old one, changed. */
  add(state: A, value: V): A;
  /** `from` is the window that goes. */
  merge(into: A, from: A): A;
  /** For what emits while a window is open: called after each `open`, `add` and `merge`. Returns the state to go on with. */
  changed?(state: A, windowId: number, events: WindowEvents): A;
  close(state: A, windowId: number, events: WindowEvents): void;
  /** A copy that can be encoded while the window goes on. */
  save(state: A): unknown;
  load(saved: unknown): A;
}
