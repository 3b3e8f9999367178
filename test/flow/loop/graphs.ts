/** Graph algorithms as loops with state, and what plain loops say their answers are. */
import type { Stream } from "../../../runtime/flow/index.ts";

export type Edge = readonly [from: number, to: number, length: number];

/** State of a node: one neighbour per edge seen, so that an edge that is applied twice, or not at all, shows. */
export interface NodeState {
  readonly best: number;
  readonly neighbours: readonly (readonly [to: number, length: number])[];
}
/** To a node: an edge of its, or what it is worth by way of a neighbour. */
type Message = { readonly node: number; readonly edge: readonly [to: number, length: number] } | { readonly best: number };
type Emitted = { readonly to: number; readonly best: number } | { readonly mine: number };

export interface Relaxation {
  /** What a node is worth of itself. */
  readonly first: (node: number) => number;
  /** What that is worth at the other end of an edge. */
  readonly over: (best: number, length: number) => number;
}
/** Connected components: the least name of a node in them. */
export const components: Relaxation = { first: (node) => node, over: (best) => best };
export const distancesFrom = (start: number): Relaxation => ({
  first: (node) => (node === start ? 0 : Infinity),
  over: (best, length) => best + length,
});

/** Every node keeps the least that it has heard of, and tells its neighbours. Its state is under `step`; improvements come out. */
export function relax(
  edges: Stream<Edge>,
  { first, over }: Relaxation,
  step = "node",
): Stream<readonly [node: string, best: number]> {
  return edges
    .flatMap(`${step} both ways`, ([a, b, length]): [string, Message][] => [
      [`${a}`, { node: a, edge: [b, length] }],
      [`${b}`, { node: b, edge: [a, length] }],
    ])
    .iterate(`${step} loop`, (loop) => {
      const emitted = loop.asKeyed().statefulFlatMap(step, (before: NodeState | undefined, message): [NodeState, Emitted[]] => {
        const emit: Emitted[] = [];
        let { best, neighbours } = before ?? { best: Infinity, neighbours: [] };
        const improve = (to: number): void => {
          if (to >= best) return;
          best = to;
          emit.push({ mine: best }, ...neighbours.map(([node, length]) => ({ to: node, best: over(best, length) })));
        };
        if ("edge" in message) {
          improve(first(message.node));
          const [to, length] = message.edge;
          neighbours = [...neighbours, message.edge];
          if (best < Infinity) emit.push({ to, best: over(best, length) });
        } else improve(message.best);
        return [{ best, neighbours }, emit];
      });
      return {
        again: emitted.filterMap(`${step} to others`, ([, one]) =>
          "to" in one ? ([`${one.to}`, { best: one.best }] as [string, Message]) : undefined,
        ),
        out: emitted.filterMap(`${step} its own`, ([node, one]) => ("mine" in one ? ([node, one.mine] as const) : undefined)),
      };
    });
}

/** Bellman and Ford's algorithm, and what each node knows in the end. */
export function relaxed(edges: readonly Edge[], { first, over }: Relaxation): Record<string, NodeState> {
  const best = new Map<number, number>();
  const neighbours = new Map<number, (readonly [number, number])[]>();
  for (const [a, b, length] of edges) {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      best.set(from, first(from));
      neighbours.set(from, [...(neighbours.get(from) ?? []), [to, length]]);
    }
  }
  for (let changed = true; changed;) {
    changed = false;
    for (const [a, b, length] of edges) {
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const) {
        const offered = over(best.get(from)!, length);
        if (offered < best.get(to)!) {
          best.set(to, offered);
          changed = true;
        }
      }
    }
  }
  return Object.fromEntries([...best].map(([node, value]) => [node, { best: value, neighbours: neighbours.get(node)! }]));
}

/** The same with neighbours in one order, whatever order edges came in. */
export function sorted(states: Readonly<Record<string, unknown>>): Record<string, NodeState> {
  return Object.fromEntries(
    Object.entries(states as Record<string, NodeState>).map(([node, { best, neighbours }]) => [
      node,
      { best, neighbours: neighbours.toSorted(([a, x], [b, y]) => a - b || x - y) },
    ]),
  );
}

export function randomEdges(random: () => number, count: number, nodes: number): Edge[] {
  const any = (below: number) => Math.floor(random() * below);
  return Array.from({ length: count }, () => [any(nodes), any(nodes), 1 + any(20)] as const);
}
