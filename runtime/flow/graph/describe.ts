/** The graph as data, for status, `weir graph` and for whoever lists parts or checks a resume. */
import { refuseOption } from "../option-checks.ts";
import { show } from "../show.ts";
import type { Sink } from "../sink.ts";
import type { Source } from "../source.ts";
import { graphOf, isDataflow, type Dataflow } from "./dataflow.ts";
import { isStateful, type Port } from "./node.ts";

export interface FlowDescription {
  readonly flow: string;
  /** In the order in which they were written. */
  readonly steps: readonly StepDescription[];
}
export interface StepDescription {
  readonly step: string;
  /** The name of the method that made it: map, keyBy, statefulMap, window, … */
  readonly kind: string;
  /** Ids of the steps that feed it; a loop is also fed by the step that goes round again. */
  readonly upstream: readonly string[];
  /** Keeps state per key. */
  readonly stateful: boolean;
}

export function describe(flow: Dataflow): FlowDescription {
  if (!isDataflow(flow)) refuseOption("describe", "flow", "a Dataflow", show(flow));
  const steps = graphOf(flow).nodes.map(({ step, spec, upstream }) => {
    const ids = upstream.map(stepOf);
    if (spec.kind === "iterate" && spec.body !== undefined) ids.push(stepOf(spec.body.again));
    return { step, kind: spec.kind, upstream: [...new Set(ids)], stateful: isStateful(spec) };
  });
  return { flow: flow.id, steps };
}

/** What leaves a loop comes from the step in its body that hands it out. */
function stepOf({ node, output }: Port): string {
  const { spec } = node;
  return spec.kind === "iterate" && output === 1 && spec.body !== undefined ? stepOf(spec.body.out) : node.step;
}

export function sourcesOf(flow: Dataflow): { readonly step: string; readonly source: Source<unknown> }[] {
  return graphOf(flow).nodes.flatMap(({ step, spec }) =>
    spec.kind === "input" ? [{ step, source: spec.source as Source<unknown> }] : [],
  );
}

export function sinksOf(flow: Dataflow): { readonly step: string; readonly sink: Sink<any> }[] {
  return graphOf(flow).nodes.flatMap(({ step, spec }) => (spec.kind === "output" ? [{ step, sink: spec.sink }] : []));
}

/** Ids of the steps that keep state per key: what a snapshot may hold rows for, besides parts. */
export function statefulSteps(flow: Dataflow): string[] {
  return graphOf(flow).nodes.flatMap(({ step, spec }) => (isStateful(spec) ? [step] : []));
}
