/**
 * Lowering: from the logical graph to timely operators, node by node in the order in which they were written (which is
 * topological). Chains of stateless steps become one operator each; a loop's body becomes a nested scope.
 *
 * All workers lower the same flow in the same order, so that their channels have the same numbers.
 */
import { chainOperator } from "./chain/operator.ts";
import { consumersByPort, planChains, type PlannedChain } from "./chain/plan.ts";
import { asyncOperator } from "./async/async-operator.ts";
import { createCache } from "./async/cache.ts";
import { broadcast, redistribute } from "./exchange/spread.ts";
import { type Dataflow, checkFlow, graphOf } from "./graph/dataflow.ts";
import { describe } from "./graph/describe.ts";
import { type FlowGraph, scopeOf } from "./graph/flow-graph.ts";
import type { IterateSpec, Node, Port } from "./graph/node.ts";
import { isStateful } from "./graph/node.ts";
import { inputOperator } from "./input/operator.ts";
import { loopGate } from "./loop/gate.ts";
import { Lowering } from "./lowering.ts";
import type { FlowMetrics, StepMetrics } from "./metrics.ts";
import { chunkOperator, pipelined, type ChunkScope, type ChunkStream } from "./operator.ts";
import { outputOperator } from "./output/operator.ts";
import type { FlowRuntime } from "./runtime.ts";
import { lowerStateful } from "./stateful/lower-stateful.ts";

export interface LoweredFlow {
  /** Over everything that reads, keeps or writes: passes an epoch when all workers have finished it. */
  readonly probe: { frontierTime(): number };
  readonly metrics: FlowMetrics;
  /** Ends what is open (source and sink parts) when the dataflow does not run to its end. Nothing runs afterwards. */
  dispose(): void;
}

/** Throws what is wrong with the flow as a whole, see `checkFlow`. Called inside of `worker.dataflow`. */
export function lowerFlow(flow: Dataflow, runtime: FlowRuntime, scope: ChunkScope): LoweredFlow {
  checkFlow(flow);
  const graph = graphOf(flow);
  const metrics = describe(flow).steps.map(({ step, kind, upstream, stateful }): StepMetrics => {
    return {
      step,
      kind,
      upstream,
      recordsIn: 0,
      recordsOut: 0,
      busySeconds: 0,
      keys: stateful ? runtime.states.count(step) : undefined,
    };
  });
  const lowering = new Lowering(runtime, metrics);
  const chains = planChains(graph, metrics);
  /** Streams of ports, by node and output. */
  const streams = new Map<Node, ChunkStream[]>();
  /** Scopes by loop; undefined = the root. */
  const scopes = new Map<Node | undefined, ChunkScope>([[undefined, scope]]);
  /** Gates of the outermost loops that have steps with state in them. */
  const gates = new Map<Node, ChunkStream>();
  const consumed = new Set<ChunkStream>();
  /** Chains that run in the operator of an input. */
  const fused = new Set<PlannedChain>();

  /** The stream of a port as it is seen in `loop`: entered where it comes from outside. */
  const streamOf = (port: Port, loop: Node | undefined): ChunkStream => {
    const stream = streams.get(port.node)![port.output]!;
    consumed.add(stream);
    return scopeOf(port) === loop ? stream : stream.enter(scopes.get(loop)!);
  };
  const put = ({ node, output }: Port, stream: ChunkStream): void => {
    const outputs = streams.get(node) ?? [];
    outputs[output] = stream;
    streams.set(node, outputs);
  };

  const putChain = ({ head, outlets }: PlannedChain, made: readonly ChunkStream[]): void => {
    outlets.forEach((port, i) => put(port, made[i]!));
    if (outlets.length === 0) put({ node: head, output: 0 }, made[0]!);
  };
  const lowerNode = (node: Node): void => {
    const { spec, loop } = node;
    const within = scopes.get(loop)!;
    const own = metrics[node.index]!;
    const inputs = () => node.upstream.map((port) => streamOf(port, loop));
    const single = (stream: ChunkStream) => put({ node, output: 0 }, stream);
    const chain = chains.get(node.index);
    if (chain !== undefined) {
      if (!fused.has(chain)) putChain(chain, chainOperator(lowering, within, chain, inputs()));
    } else if (isStateful(spec)) {
      const gate = loop && gates.get(outermost(loop))!.enter<any>(within);
      const reads = (output: number) => isRead(graph, node, output);
      lowerStateful(lowering, within, node, inputs(), gate, reads).forEach((stream, output) => put({ node, output }, stream));
    } else if (spec.kind === "input") {
      const reader = chainBehind(graph, chains, node);
      const made = inputOperator(lowering, within, own, spec.source, reader);
      if (reader === undefined) return single(made[0]!);
      fused.add(reader);
      putChain(reader, made);
    } else if (spec.kind === "output") single(outputOperator(lowering, within, own, spec.sink, inputs()[0]!));
    else if (spec.kind === "redistribute") single(redistribute(lowering, within, own, inputs()[0]!));
    else if (spec.kind === "broadcast") single(broadcast(lowering, within, own, inputs()[0]!));
    else if (spec.kind === "mapAsync") single(asyncOperator(lowering, within, own, spec, inputs()[0]!));
    else if (spec.kind === "enrichCached") {
      const cache = createCache(spec.getter, spec.ttlMs, runtime.now);
      const get = (key: unknown) => cache.get(key);
      const call = (item: unknown) => spec.mapper(get, item);
      single(
        asyncOperator(lowering, within, own, { before: () => cache.refresh(), call, concurrency: 16, ordered: true }, inputs()[0]!),
      );
    } else if (spec.kind === "iterate") lowerLoop(node, spec, inputs()[0]!);
    // What is left was fused into the chain of an earlier step.
  };

  const lowerLoop = (node: Node, spec: IterateSpec, stream: ChunkStream): void => {
    const outer = scopes.get(node.loop)!;
    const depth = depthOf(node);
    const entering = depth === 1 && hasState(graph, node) ? portsInto(graph, node) : [];
    if (entering.length > 0) {
      const incoming = entering.map((port) => streamOf(port, undefined));
      gates.set(node, loopGate(lowering, outer, metrics[node.index]!, incoming));
    }
    outer.iterative((inner) => {
      scopes.set(node, inner);
      const [feedback, again] = inner.feedback<any>(loopSummary(depth) as never);
      const entered = stream.enter<any>(inner);
      const own = metrics[node.index]!;
      put({ node, output: 0 }, countLoop(lowering, inner, own, [entered, again]));
      lowerBody(node);
      feedback.connect(streamOf(spec.body!.again, node));
      put({ node, output: 1 }, streamOf(spec.body!.out, node).leave(outer));
    });
  };
  const lowerBody = (loop: Node | undefined): void => {
    for (const node of graph.nodes) if (node.loop === loop) lowerNode(node);
  };
  lowerBody(undefined);

  const ends: ChunkStream[] = [];
  for (const [node, outputs] of streams) {
    outputs.forEach((stream, output) => {
      if (consumed.has(stream)) return;
      ends.push(scopeOf({ node, output }) === undefined ? stream : stream.leave(scope));
    });
  }
  return { probe: probe(scope, ends), metrics: { steps: metrics }, dispose: () => lowering.dispose() };
}

/** Takes what comes out at the ends and watches the frontier there. */
function probe(scope: ChunkScope, ends: readonly ChunkStream[]): { frontierTime(): number } {
  let frontier = () => 0;
  const spec = { name: "probe", inputs: ends.map((stream) => ({ stream, pact: pipelined })), outputs: 0, notify: true };
  chunkOperator(scope, spec, (_context, inputs) => {
    frontier = () => {
      let least = Infinity;
      for (const input of inputs) least = Math.min(least, input.frontierTime());
      return least;
    };
    return () => {
      for (const input of inputs) input.forEach(() => undefined);
    };
  });
  return { frontierTime: () => frontier() };
}

/** The loop variable: what comes in and what goes round again. Counts what the loop takes in. */
function countLoop(lowering: Lowering, scope: ChunkScope, metrics: StepMetrics, streams: readonly ChunkStream[]): ChunkStream {
  const spec = { name: metrics.step, inputs: streams.map((stream) => ({ stream, pact: pipelined })), outputs: 1 };
  const [out] = chunkOperator(scope, spec, (_context, inputs, [output]) =>
    lowering.guard(metrics, () => {
      for (const input of inputs) {
        input.forEach((capability, batch) => {
          for (const { values } of batch) {
            metrics.recordsIn += values.length;
            metrics.recordsOut += values.length;
          }
          output!.giveBatch(capability, batch);
        });
      }
    }),
  );
  return out!;
}

/** The chain that is all that reads an input. */
function chainBehind(graph: FlowGraph, chains: ReadonlyMap<number, PlannedChain>, input: Node): PlannedChain | undefined {
  const readers = consumersByPort(graph).get(input)?.[0] ?? [];
  const [reader] = readers;
  if (readers.length !== 1 || reader === undefined || reader.loop !== undefined || reader.spec.kind === "merge") return undefined;
  return chains.get(reader.index);
}

function outermost(loop: Node): Node {
  let at = loop;
  while (at.loop !== undefined) at = at.loop;
  return at;
}

/** Whether any step, or a loop's end, takes what comes out there. */
function isRead(graph: FlowGraph, from: Node, output: number): boolean {
  const takes = (port: Port | undefined) => port?.node === from && port.output === output;
  return graph.nodes.some(
    ({ upstream, spec }) => upstream.some(takes) || (spec.kind === "iterate" && (takes(spec.body?.again) || takes(spec.body?.out))),
  );
}

function hasState(graph: FlowGraph, loop: Node): boolean {
  return graph.nodes.some((node) => isStateful(node.spec) && node.loop !== undefined && outermost(node.loop) === loop);
}

/** Ports outside of an outermost loop whose streams come into it: its own input, and whatever its body uses besides. */
function portsInto(graph: FlowGraph, loop: Node): Port[] {
  const used = new Map<string, Port>();
  for (const node of graph.nodes) {
    if (node !== loop && (node.loop === undefined || outermost(node.loop) !== loop)) continue;
    const ends = node.spec.kind === "iterate" && node.spec.body !== undefined ? [node.spec.body.again, node.spec.body.out] : [];
    for (const port of [...node.upstream, ...ends]) {
      if (scopeOf(port) === undefined) used.set(`${port.node.index}/${port.output}`, port);
    }
  }
  return [...used.values()];
}

function depthOf(loop: Node): number {
  let depth = 1;
  for (let at = loop.loop; at !== undefined; at = at.loop) depth++;
  return depth;
}

/** One more time round: [0, 1], and [[0, 0], 1] in a loop inside of a loop. */
function loopSummary(depth: number): unknown {
  let outer: unknown = 0;
  for (let i = 1; i < depth; i++) outer = [outer, 0];
  return [outer, 1];
}
