/**
 * Finds the chains of a graph. A stateless step or merge joins the chain of the step before it when it has just that one
 * input, in the same loop. It starts a chain of its own behind an input, an exchange or a stateful step; when it merges; when
 * it takes whole batches; and when the chain is long enough, since V8 optimizes no function without end.
 */
import type { FlowGraph } from "../graph/flow-graph.ts";
import { scopeOf } from "../graph/flow-graph.ts";
import type { Node, Port } from "../graph/node.ts";
import { isStateless } from "../graph/node.ts";
import type { StepMetrics } from "../metrics.ts";
import type { Chain, Stage, StageSpec, Target } from "./stage.ts";

/** Steps behind one another in one generated function. */
export const chainLimit = 64;

export interface PlannedChain extends Chain {
  readonly head: Node;
}

/** Chains by the index of their head's node. Every stateless step and merge is in exactly one of them. */
export function planChains(graph: FlowGraph, metrics: readonly StepMetrics[]): ReadonlyMap<number, PlannedChain> {
  const consumers = consumersByPort(graph);
  const chains = new Map<number, PlannedChain>();
  // How many steps of its chain come before a step and with it.
  const depths = new Map<Node, number>();
  const joins = (node: Node): boolean => depths.get(node)! > 1;
  for (const node of graph.nodes) {
    const before = isStage(node) && mayJoin(node) ? depths.get(node.upstream[0]!.node)! : 0;
    depths.set(node, before < chainLimit ? before + 1 : 1);
  }
  for (const head of graph.nodes) {
    if (!isStage(head) || joins(head)) continue;
    const stages: Stage[] = [];
    const outlets: Port[] = [];
    const stageOf = (node: Node): Stage => {
      const outputs: Target[][] = [];
      const stage: Stage = {
        index: stages.length,
        step: node.step,
        spec: node.spec as StageSpec,
        metrics: metrics[node.index]!,
        outputs,
      };
      stages.push(stage);
      for (let output = 0; output < outputCount(node); output++) {
        const targets: Target[] = [];
        outputs.push(targets);
        let leaves = false;
        for (const consumer of consumers.get(node)?.[output] ?? []) {
          if (consumer !== undefined && isStage(consumer) && joins(consumer)) targets.push({ stage: stageOf(consumer) });
          else leaves = true;
        }
        if (!leaves) continue;
        targets.push({ outlet: outlets.length });
        outlets.push({ node, output });
      }
      return stage;
    };
    stageOf(head);
    chains.set(head.index, { head, stages, outlets });
  }
  return chains;
}

function isStage(node: Node): boolean {
  return isStateless(node.spec) || node.spec.kind === "merge";
}

function mayJoin(node: Node): boolean {
  if (node.spec.kind === "merge" || node.spec.kind === "flatMapBatch") return false;
  const before = node.upstream[0]!;
  return isStage(before.node) && scopeOf(before) === node.loop;
}

function outputCount(node: Node): number {
  return node.spec.kind === "branch" ? 2 : 1;
}

/** Who takes each output; undefined stands for the end of a loop's body. A merge may take the same stream twice. */
export function consumersByPort(graph: FlowGraph): Map<Node, (Node | undefined)[][]> {
  const consumers = new Map<Node, (Node | undefined)[][]>();
  const add = ({ node, output }: Port, consumer: Node | undefined) => {
    const outputs = consumers.get(node) ?? [];
    consumers.set(node, outputs);
    (outputs[output] ??= []).push(consumer);
  };
  for (const node of graph.nodes) {
    for (const port of node.upstream) add(port, node);
    if (node.spec.kind === "iterate" && node.spec.body !== undefined) {
      add(node.spec.body.again, undefined);
      add(node.spec.body.out, undefined);
    }
  }
  return consumers;
}
