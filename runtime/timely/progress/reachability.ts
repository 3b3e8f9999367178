/**
 * Reachability: from the pointstamps of a whole dataflow to the frontier at each of its locations (M. Abadi et al., Formal
 * analysis of a distributed algorithm for tracking progress, 2013; Naiad). A pointstamp is a time at a location with a signed
 * count of the messages and capabilities outstanding there. The frontier of a location l is the antichain of
 *
 *   { summary(time) : a pointstamp (l', time) with a positive count, a path with that summary from l' to l }
 *
 * so that nothing will ever be seen at l that is not at or after one of its elements. All scopes are in one flat graph.
 *
 * Frontiers are the least solution of
 *
 *   frontier(l) = minimal( local times at l  ∪  summary(frontier(m)) for each edge m -> l )
 *
 * Work is per strongly connected component, in topological order, and only where something changed: a location outside of
 * all loops is computed once from its in-edges; a loop is solved from what enters it and then relaxed until nothing changes.
 * Solving anew, not adjusting, is what lets a frontier advance within a loop that would otherwise hold itself back; it ends
 * because every loop advances time (checked when the dataflow is built).
 */
import { frontierLessThan, insertMinimal, sameAntichain } from "./antichain.ts";
import { BitSet } from "./bit-set.ts";
import { findComponents, isCyclic } from "./components.ts";
import { groupEdges, type LocationGraph } from "./location-graph.ts";
import { createMutableAntichain, TotalMutableAntichain, type MutableAntichain } from "./mutable-antichain.ts";
import { resultsIn, type PathSummary } from "./summary.ts";
import { sameTime, type Time } from "./time.ts";

const nothing: readonly Time[] = [];

// Kinds of components.
const acyclic = 0;
const totalLoop = 1;
const partialLoop = 2;

export class Tracker {
  /** Pointstamps (location and time) with a count other than zero; 0 = the dataflow is complete. */
  live = 0;
  readonly #local: MutableAntichain[];
  /** The least local times of locations with one coordinate, next to each other. */
  readonly #localLeast: Float64Array;
  /** Frontiers of locations with one coordinate: a number, Infinity when empty. */
  readonly #least: Float64Array;
  /** Frontiers of the others. */
  readonly #frontiers: (readonly Time[])[];
  readonly #total: Uint8Array;

  readonly #outStart: Int32Array;
  readonly #outTo: Int32Array;
  readonly #outSummary: PathSummary[];
  readonly #outAdvance: Float64Array; // NaN where an end is no number
  readonly #inStart: Int32Array;
  readonly #inFrom: Int32Array;
  readonly #inSummary: PathSummary[];
  readonly #inAdvance: Float64Array;

  readonly #componentOf: Int32Array;
  readonly #components: Int32Array[];
  readonly #kind: Uint8Array;
  /** The location of an acyclic component; -1 for a loop. */
  readonly #single: Int32Array;
  readonly #before: Float64Array;
  /** Components to work on. */
  readonly #pending = new BitSet();
  readonly #onChange: (location: number) => void;

  /** `onChange` is called during `propagate` for each location whose frontier has changed. */
  constructor(graph: LocationGraph, onChange: (location: number) => void) {
    const { coordinates, edges } = graph;
    const size = coordinates.length;
    this.#onChange = onChange;
    this.#local = coordinates.map(createMutableAntichain);
    this.#localLeast = new Float64Array(size).fill(Infinity);
    this.#least = new Float64Array(size).fill(Infinity);
    this.#frontiers = Array.from({ length: size }, () => nothing);
    this.#total = Uint8Array.from(coordinates, (count) => (count === 1 ? 1 : 0));

    const out = groupEdges(graph, "from");
    const into = groupEdges(graph, "to");
    this.#outStart = out.start;
    this.#outTo = out.edges.map((edge) => edges[edge]!.to);
    this.#outSummary = Array.from(out.edges, (edge) => edges[edge]!.summary);
    this.#outAdvance = Float64Array.from(this.#outSummary, (summary) => summary.advance);
    this.#inStart = into.start;
    this.#inFrom = into.edges.map((edge) => edges[edge]!.from);
    this.#inSummary = Array.from(into.edges, (edge) => edges[edge]!.summary);
    this.#inAdvance = Float64Array.from(this.#inSummary, (summary) => summary.advance);

    const all = (): boolean => true;
    const components = findComponents([...coordinates.keys()], graph, out, all);
    // Inside of a loop the order in which locations were made is close to that in which data passes them.
    this.#components = components.map((component) => Int32Array.from(component).sort());
    this.#kind = Uint8Array.from(components, (component) => {
      if (!isCyclic(component, graph, out, all)) return acyclic;
      return component.every((location) => this.#total[location] === 1) ? totalLoop : partialLoop;
    });
    this.#single = Int32Array.from(components, ([location], index) => (this.#kind[index] === acyclic ? location! : -1));
    this.#before = new Float64Array(components.reduce((longest, component) => Math.max(longest, component.length), 0));
    this.#componentOf = new Int32Array(size);
    this.#components.forEach((component, index) => component.forEach((location) => (this.#componentOf[location] = index)));
  }

  /** Changes the count of a pointstamp. Frontiers follow at the next `propagate`. */
  update(location: number, time: Time, difference: number): void {
    const local = this.#local[location]!;
    this.live += local.update(time, difference);
    if (!local.moved) return;
    // Behind the frontier as last computed nothing can move it: what holds it there is looked at anew when it goes.
    if (this.#total[location] === 1) {
      this.#localLeast[location] = (local as TotalMutableAntichain).least;
      if (this.#least[location]! < (time as number)) return;
    } else if (frontierLessThan(this.#frontiers[location]!, time)) return;
    this.#pending.add(this.#componentOf[location]!);
  }

  /** The least time of a location with one coordinate; Infinity when nothing can be seen there any more. */
  least(location: number): number {
    return this.#least[location]!;
  }

  frontier(location: number): readonly Time[] {
    if (this.#total[location] === 0) return this.#frontiers[location]!;
    const least = this.#least[location]!;
    return least === Infinity ? nothing : [least];
  }

  /**
   * Whether a change could move a frontier by taking a pointstamp away: it counts, the change takes all of its count, and nothing
   * else holds its location at or before its time. What is not decisive may be reported later, together with something that is.
   */
  isDecisive(location: number, time: Time, difference: number): boolean {
    const count = this.#local[location]!.countOf(time);
    if (count <= 0 || count + difference > 0) return false;
    const total = this.#total[location] === 1;
    if (total ? this.#least[location]! < (time as number) : frontierLessThan(this.#frontiers[location]!, time)) return false;
    for (let i = this.#inStart[location]!; i < this.#inStart[location + 1]!; i++) {
      const from = this.#inFrom[i]!;
      const advance = this.#inAdvance[i]!;
      if (advance === advance) {
        if (this.#least[from]! + advance <= (time as number)) return false;
      } else {
        for (const element of this.frontier(from)) {
          const held = resultsIn(this.#inSummary[i]!, element);
          if (held !== undefined && sameTime(held, time)) return false;
        }
      }
    }
    return true;
  }

  propagate(): void {
    const pending = this.#pending;
    // A component only ever marks later ones.
    for (let component = pending.next(0); component >= 0; component = pending.next(component + 1)) {
      pending.delete(component);
      this.#solve(component);
    }
  }

  /** Pointstamps with a count, for reports and tests. */
  pointstamps(): { location: number; time: Time; count: number }[] {
    return this.#local.flatMap((local, location) => local.entries().map(([time, count]) => ({ location, time, count })));
  }

  #solve(component: number): void {
    const location = this.#single[component]!;
    if (location < 0) return this.#solveLoop(component);
    if (this.#total[location] === 1) {
      const least = this.#leastFrom(location, -1);
      if (least === this.#least[location]) return;
      this.#least[location] = least;
    } else {
      const frontier = this.#frontierFrom(location, -1);
      if (sameAntichain(frontier, this.#frontiers[location]!)) return;
      this.#frontiers[location] = frontier;
    }
    this.#changed(location, component);
  }

  #solveLoop(component: number): void {
    const members = this.#components[component]!;
    if (this.#kind[component] === totalLoop) this.#solveTotalLoop(component, members);
    else this.#solvePartialLoop(component, members);
  }

  /** Local times and what comes along in-edges, but for those from inside of component `except`. */
  #leastFrom(location: number, except: number): number {
    let least = this.#localLeast[location]!;
    for (let i = this.#inStart[location]!, end = this.#inStart[location + 1]!; i < end; i++) {
      const from = this.#inFrom[i]!;
      if (this.#componentOf[from] === except) continue;
      const advance = this.#inAdvance[i]!;
      if (advance === advance) {
        const time = this.#least[from]! + advance;
        if (time < least && (advance === 0 || time <= Number.MAX_SAFE_INTEGER)) least = time;
      } else {
        for (const element of this.#frontiers[from]!) {
          const time = resultsIn(this.#inSummary[i]!, element) as number | undefined;
          if (time !== undefined && time < least) least = time;
        }
      }
    }
    return least;
  }

  #frontierFrom(location: number, except: number): Time[] {
    const frontier = [...this.#local[location]!.elements()];
    for (let i = this.#inStart[location]!; i < this.#inStart[location + 1]!; i++) {
      const from = this.#inFrom[i]!;
      if (this.#componentOf[from] !== except) relax(this.#inSummary[i]!, this.frontier(from), frontier);
    }
    return frontier;
  }

  /** A loop whose times are all numbers. */
  #solveTotalLoop(component: number, members: Int32Array): void {
    const least = this.#least;
    const before = this.#before;
    for (let i = 0; i < members.length; i++) {
      const location = members[i]!;
      before[i] = least[location]!;
      least[location] = this.#leastFrom(location, component);
    }
    for (let changed = true; changed;) {
      changed = false;
      for (let m = 0; m < members.length; m++) {
        const location = members[m]!;
        const from = least[location]!;
        if (from === Infinity) continue;
        for (let i = this.#outStart[location]!, end = this.#outStart[location + 1]!; i < end; i++) {
          const to = this.#outTo[i]!;
          if (this.#componentOf[to] !== component) continue;
          const time = from + this.#outAdvance[i]!;
          if (time < least[to]! && time <= Number.MAX_SAFE_INTEGER) {
            least[to] = time;
            changed = true;
          }
        }
      }
    }
    for (let i = 0; i < members.length; i++) if (before[i] !== least[members[i]!]) this.#changed(members[i]!, component);
  }

  /** A loop in a nested scope, or through one. */
  #solvePartialLoop(component: number, members: Int32Array): void {
    const before = Array.from(members, (location) => this.frontier(location));
    for (const location of members) {
      if (this.#total[location] === 1) this.#least[location] = this.#leastFrom(location, component);
      else this.#frontiers[location] = this.#frontierFrom(location, component);
    }
    for (let changed = true; changed;) {
      changed = false;
      for (const location of members) {
        const from = this.frontier(location);
        for (let i = this.#outStart[location]!; i < this.#outStart[location + 1]!; i++) {
          const to = this.#outTo[i]!;
          if (this.#componentOf[to] !== component) continue;
          if (this.#total[to] === 1) {
            for (const element of from) {
              const time = resultsIn(this.#outSummary[i]!, element) as number | undefined;
              if (time === undefined || time >= this.#least[to]!) continue;
              this.#least[to] = time;
              changed = true;
            }
          } else if (relax(this.#outSummary[i]!, from, this.#frontiers[to] as Time[])) changed = true;
        }
      }
    }
    members.forEach((location, i) => {
      if (!sameAntichain(before[i]!, this.frontier(location))) this.#changed(location, component);
    });
  }

  #changed(location: number, component: number): void {
    this.#onChange(location);
    for (let i = this.#outStart[location]!, end = this.#outStart[location + 1]!; i < end; i++) {
      const next = this.#componentOf[this.#outTo[i]!]!;
      if (next !== component) this.#pending.add(next);
    }
  }
}

/** Inserts what the elements of `from` become along an edge. Returns whether `into` has changed. */
function relax(summary: PathSummary, from: readonly Time[], into: Time[]): boolean {
  let changed = false;
  for (let i = 0; i < from.length; i++) {
    const time = resultsIn(summary, from[i]!);
    if (time !== undefined && insertMinimal(into, time)) changed = true;
  }
  return changed;
}
