/**
 * Strongly connected components of the location graph (R. Tarjan, Depth-first search and linear graph algorithms, 1972; without
 * recursion, so that long chains do not exhaust the stack), and the search for cycles that do not advance time.
 */
import { advances } from "./summary.ts";
import { groupEdges, type Adjacency, type Edge, type LocationGraph } from "./location-graph.ts";

/** Components in topological order: every edge between two of them goes from an earlier one to a later one. */
export function findComponents(
  locations: readonly number[],
  graph: LocationGraph,
  out: Adjacency,
  follow: (edge: Edge) => boolean,
): number[][] {
  const size = graph.coordinates.length;
  const order = new Int32Array(size).fill(-1); // when a location was first seen; -2 = in a finished component
  const low = new Int32Array(size);
  const next = new Int32Array(size);
  const member = new Uint8Array(size);
  for (const location of locations) member[location] = 1;
  const open: number[] = [];
  const path: number[] = [];
  const components: number[][] = [];
  let clock = 0;
  for (const root of locations) {
    if (order[root] !== -1) continue;
    path.push(root);
    while (path.length > 0) {
      const at = path[path.length - 1]!;
      if (order[at] === -1) {
        order[at] = low[at] = clock++;
        next[at] = out.start[at]!;
        open.push(at);
      }
      let descended = false;
      while (next[at]! < out.start[at + 1]!) {
        const edge = graph.edges[out.edges[next[at]!++]!]!;
        if (member[edge.to] === 0 || !follow(edge)) continue;
        if (order[edge.to] === -1) {
          path.push(edge.to);
          descended = true;
          break;
        }
        if (order[edge.to]! >= 0) low[at] = Math.min(low[at]!, order[edge.to]!);
      }
      if (descended) continue;
      path.pop();
      if (path.length > 0) {
        const parent = path[path.length - 1]!;
        low[parent] = Math.min(low[parent]!, low[at]!);
      }
      if (low[at] === order[at]) {
        const component: number[] = [];
        let location: number;
        do {
          location = open.pop()!;
          order[location] = -2;
          component.push(location);
        } while (location !== at);
        components.push(component);
      }
    }
  }
  return components.reverse();
}

export function isCyclic(
  component: readonly number[],
  graph: LocationGraph,
  out: Adjacency,
  follow: (edge: Edge) => boolean,
): boolean {
  if (component.length > 1) return true;
  const location = component[0]!;
  for (let i = out.start[location]!; i < out.start[location + 1]!; i++) {
    const edge = graph.edges[out.edges[i]!]!;
    if (edge.to === location && follow(edge)) return true;
  }
  return false;
}

/**
 * The locations of a cycle along which time does not advance, or undefined. A cycle has to advance a coordinate of the
 * outermost scope that it goes through: what is advanced further inside is forgotten on leaving.
 */
export function findStuckCycle(graph: LocationGraph): number[] | undefined {
  const out = groupEdges(graph, "from");
  const search = (locations: readonly number[], depth: number): number[] | undefined => {
    const follow = (edge: Edge): boolean => !advances(edge.summary, depth);
    for (const component of findComponents(locations, graph, out, follow)) {
      if (!isCyclic(component, graph, out, follow)) continue;
      // Every cycle through a location of this depth is stuck; the others lie further inside.
      const outermost = component.find((location) => graph.coordinates[location] === depth);
      if (outermost !== undefined) return walkCycle(outermost, component, graph, out, follow);
      const stuck = search(component, depth + 1);
      if (stuck !== undefined) return stuck;
    }
    return undefined;
  };
  return search([...graph.coordinates.keys()], 1);
}

/** A shortest cycle from `start` back to itself inside of a component. */
function walkCycle(
  start: number,
  component: readonly number[],
  graph: LocationGraph,
  out: Adjacency,
  follow: (edge: Edge) => boolean,
): number[] {
  const inside = new Set(component);
  const cameFrom = new Map<number, number>();
  const queue = [start];
  for (const at of queue) {
    for (let i = out.start[at]!; i < out.start[at + 1]!; i++) {
      const edge = graph.edges[out.edges[i]!]!;
      if (!inside.has(edge.to) || !follow(edge)) continue;
      if (edge.to === start) {
        const cycle = [at];
        while (cycle[0] !== start) cycle.unshift(cameFrom.get(cycle[0]!)!);
        return cycle;
      }
      if (!cameFrom.has(edge.to)) {
        cameFrom.set(edge.to, at);
        queue.push(edge.to);
      }
    }
  }
  return [start];
}
