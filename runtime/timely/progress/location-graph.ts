/**
 * The shape of a dataflow as progress tracking sees it: locations (an input or output port of an operator, in whatever scope)
 * and edges with path summaries (channels between operators; connections from inputs to outputs inside of them).
 *
 * Invariant: an edge keeps as many coordinates as the shallower of its ends has. A channel that leaves a scope and enters one
 * again is laid through a location of its own in the scope it passes, so that cycles are seen in the scope they go through.
 */
import { advanceSummary, identitySummary, type PathSummary } from "./summary.ts";

export interface Edge {
  readonly from: number;
  readonly to: number;
  readonly summary: PathSummary;
}

export class LocationGraph {
  /** Number of coordinates of the times at each location. */
  readonly coordinates: number[] = [];
  readonly edges: Edge[] = [];

  addLocation(coordinates: number): number {
    return this.coordinates.push(coordinates) - 1;
  }

  addEdge(from: number, to: number, summary: PathSummary): void {
    if (summary.keep >= Math.min(this.coordinates[from]!, this.coordinates[to]!)) {
      this.edges.push({ from, to, summary });
      return;
    }
    const passed = this.addLocation(summary.keep);
    const leave = { ...advanceSummary(summary.add), from: summary.from, advance: Number.NaN, identity: false };
    const enter = { ...identitySummary(summary.keep), tail: summary.tail, advance: Number.NaN, identity: false };
    this.edges.push({ from, to: passed, summary: leave }, { from: passed, to, summary: enter });
  }
}

/** Edges grouped by one of their ends: those of location l stand at start[l] … start[l + 1] in `edges`. */
export interface Adjacency {
  readonly start: Int32Array;
  readonly edges: Int32Array;
}

export function groupEdges(graph: LocationGraph, end: "from" | "to"): Adjacency {
  const start = new Int32Array(graph.coordinates.length + 1);
  for (const edge of graph.edges) start[edge[end] + 1]!++;
  for (let l = 1; l < start.length; l++) start[l]! += start[l - 1]!;
  const next = start.slice();
  const edges = new Int32Array(graph.edges.length);
  graph.edges.forEach((edge, index) => (edges[next[edge[end]]!++] = index));
  return { start, edges };
}
