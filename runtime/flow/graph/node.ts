/**
 * The logical graph: what a flow module wrote down, one node per step. It is plain data; nothing runs before `lowerFlow`
 * turns it into timely operators. A port is one output of a node; every stream is a port.
 */
import type { JoinEmit, JoinInsert, Ordered, StatefulBatchLogic, StatefulLogic } from "../logic.ts";
import type { Sink } from "../sink.ts";
import type { Source } from "../source.ts";
import type { WindowOptions } from "../windows/types.ts";

/** Whatever a user's function is: its arguments and results are checked where it is called, not here. */
export type Call = (...args: any[]) => any;

export interface Port {
  readonly node: Node;
  readonly output: number;
}

export interface Node {
  readonly index: number;
  readonly step: string;
  readonly upstream: readonly Port[];
  /** The loop whose body this step is in. */
  readonly loop: Node | undefined;
  readonly spec: Spec;
}

export type Spec =
  | InputSpec
  | StatelessSpec
  | { readonly kind: "merge" | "redistribute" | "broadcast" }
  | MapAsyncSpec
  | EnrichCachedSpec
  | IterateSpec
  | StatefulSpec
  | WindowSpec
  | OutputSpec;

export interface InputSpec {
  readonly kind: "input";
  readonly source: Source<any>;
}
export interface OutputSpec {
  readonly kind: "output";
  readonly sink: Sink<any>;
}
/** Steps that fuse into chains. Output 0 of a branch is its trues, output 1 its falses. */
export type StatelessSpec =
  | { readonly kind: "map" | "flatMap" | "flatMapBatch" | "filter" | "filterMap" | "branch" | "keyBy"; readonly call: Call }
  | { readonly kind: "mapValue" | "flatMapValue" | "filterValue" | "filterMapValue"; readonly call: Call }
  | { readonly kind: "inspect" | "inspectDebug"; readonly call: Call }
  | { readonly kind: "flatten" | "unkey" | "raises" };
export interface MapAsyncSpec {
  readonly kind: "mapAsync";
  readonly call: Call;
  readonly concurrency: number;
  readonly ordered: boolean;
}
export interface EnrichCachedSpec {
  readonly kind: "enrichCached";
  readonly getter: Call;
  readonly mapper: Call;
  readonly ttlMs: number;
}
/** Output 0 is the loop variable (inside), output 1 what leaves the loop (outside). The body is known once it has run. */
export interface IterateSpec {
  readonly kind: "iterate";
  body: { readonly again: Port; readonly out: Port } | undefined;
}
export type StatefulSpec =
  | { readonly kind: "stateful"; readonly build: (resume: any) => StatefulLogic<any, any, any> }
  | { readonly kind: "statefulBatch"; readonly build: (resume: any) => StatefulBatchLogic<any, any, any> }
  | { readonly kind: "statefulMap" | "statefulFlatMap"; readonly call: Call }
  | { readonly kind: "collect"; readonly maxSize: number; readonly timeoutMs: number }
  | { readonly kind: "countFinal" }
  | { readonly kind: "foldFinal"; readonly init: Call; readonly folder: Call }
  | { readonly kind: "reduceFinal"; readonly reducer: Call }
  | { readonly kind: "maxFinal" | "minFinal"; readonly by: ((value: any) => Ordered) | undefined }
  | { readonly kind: "join"; readonly insert: JoinInsert; readonly emit: JoinEmit };

/** Outputs: 0 down, 1 late, 2 meta. */
export interface WindowSpec {
  readonly kind: "window";
  readonly options: WindowOptions<any>;
  readonly operation: WindowOperation;
}
export type WindowOperation =
  | { readonly kind: "fold"; readonly init: Call; readonly folder: Call; readonly merger: Call }
  | { readonly kind: "reduce"; readonly reducer: Call }
  | { readonly kind: "count" | "collect" }
  | { readonly kind: "max" | "min"; readonly by: ((value: any) => Ordered) | undefined }
  | { readonly kind: "join"; readonly insert: JoinInsert; readonly emit: JoinEmit };

export type StepKind = Spec["kind"];

const statefulKinds: ReadonlySet<StepKind> = new Set<StepKind>([
  ...(["stateful", "statefulBatch", "statefulMap", "statefulFlatMap", "collect", "join", "window"] as const),
  ...(["countFinal", "foldFinal", "reduceFinal", "maxFinal", "minFinal"] as const),
]);
const statelessKinds: ReadonlySet<StepKind> = new Set<StepKind>([
  ...(["map", "flatMap", "flatMapBatch", "filter", "filterMap", "branch", "keyBy", "flatten", "unkey", "raises"] as const),
  ...(["mapValue", "flatMapValue", "filterValue", "filterMapValue", "inspect", "inspectDebug"] as const),
]);

/** Keeps state per key, stored under the step's id. */
export function isStateful(spec: Spec): spec is StatefulSpec | WindowSpec {
  return statefulKinds.has(spec.kind);
}
/** Fuses into chains. */
export function isStateless(spec: Spec): spec is StatelessSpec {
  return statelessKinds.has(spec.kind);
}
