/**
 * The shape of a fused chain: a tree of stages. A stage's outputs (two for a branch, else one) lead to further stages, which
 * run for the same record before the next record is looked at, and to outlets, where records leave in chunks.
 *
 *   keyBy ── filterValue ─┬─ branch ─ trues ── mapValue ── outlet 0
 *                         │         └ falses ─ outlet 1
 *                         └─ outlet 2
 */
import type { Port, StatelessSpec } from "../graph/node.ts";
import type { StepMetrics } from "../metrics.ts";

export type StageSpec = StatelessSpec | { readonly kind: "merge" };

export interface Stage {
  /** Position in `Chain.stages`. */
  readonly index: number;
  readonly step: string;
  readonly spec: StageSpec;
  readonly metrics: StepMetrics;
  readonly outputs: readonly Target[][];
}
export type Target = { readonly stage: Stage } | { readonly outlet: number };

export interface Chain {
  /** In the order in which they were written; the first one is the head. */
  readonly stages: readonly Stage[];
  /** The ports of the logical graph that leave the chain. */
  readonly outlets: readonly Port[];
}
