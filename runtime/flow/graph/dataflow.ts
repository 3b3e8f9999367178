/** `Dataflow`: where a flow module starts. It only writes steps down; running is somebody else's work. */
import { WeirError } from "../../errors/index.ts";
import { show } from "../show.ts";
import type { Awaitable, Source } from "../source.ts";
import { FlowGraph } from "./flow-graph.ts";
import { checkFunction, checkObject, refuse } from "./options.ts";
import { Stream } from "./stream.ts";

/** Shared by all loaded copies of the package, so that a flow built with one copy runs on another. */
const graphKey: unique symbol = Symbol.for("weir.flow.graph") as never;

export class Dataflow {
  readonly id: string;
  declare readonly [graphKey]: FlowGraph;

  /** Throws WEIR_FLOW_ID when `id` is not a non-empty string. */
  constructor(id: string) {
    if (typeof id !== "string" || id === "")
      throw new WeirError("WEIR_FLOW_ID", `A flow's id is a non-empty string, and is ${show(id)}`);
    this.id = id;
    Object.defineProperty(this, graphKey, { value: new FlowGraph(id), enumerable: false });
  }

  /** Adds a source. A flow may have several. */
  input<T>(step: string, source: Source<T>): Stream<T> {
    const graph = graphOf(this);
    graph.claim(step);
    checkObject(step, "source", source);
    if (source.kind === "partitioned") {
      checkFunction(step, "source.listParts", source.listParts);
      checkFunction(step, "source.buildPart", source.buildPart);
    } else if (source.kind === "dynamic") checkFunction(step, "source.build", source.build);
    else refuse(step, "source.kind", '"partitioned" or "dynamic"', (source as { kind: unknown }).kind);
    return new Stream<T>(this, graph, { node: graph.add(step, { kind: "input", source }, []), output: 0 });
  }
}

/** What a flow module exports (default export unless `module:name` is asked for). */
export type FlowExport = Dataflow | ((params: Readonly<Record<string, string>>) => Awaitable<Dataflow>);

/** Recognises flows built with another loaded copy of the package too. */
export function isDataflow(value: unknown): value is Dataflow {
  return typeof value === "object" && value !== null && (value as Dataflow)[graphKey] !== undefined;
}

export function graphOf(flow: Dataflow): FlowGraph {
  return flow[graphKey];
}

/** Throws what is wrong with a flow that is about to run: WEIR_FLOW_NO_INPUT, WEIR_FLOW_NO_OUTPUT, WEIR_WINDOW_UNUSED. */
export function checkFlow(flow: Dataflow): void {
  graphOf(flow).checkComplete();
}
