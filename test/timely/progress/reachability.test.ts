/** The tracker against an obvious model: every time that any path brings to a location, reduced to the minimal ones. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  advanceSummary,
  enterSummary,
  findStuckCycle,
  followedBy as compose,
  identitySummary,
  leaveSummary,
  lessThan,
  LocationGraph,
  resultsIn,
  sameAntichain,
  Tracker,
  type PathSummary,
  type Time,
} from "../../../runtime/timely/progress/index.ts";

interface Pointstamp {
  readonly location: number;
  readonly time: Time;
  readonly count: number;
}

const bound = 16;
const withinBound = (time: Time): boolean => (typeof time === "number" ? time <= bound : time[1] <= bound && withinBound(time[0]));

/** Follows every path from every pointstamp, without any cleverness, as far as `bound`. */
function model(graph: LocationGraph, pointstamps: readonly Pointstamp[]): Time[][] {
  const seen = graph.coordinates.map(() => new Map<string, Time>());
  const queue = pointstamps.filter(({ count }) => count > 0).map(({ location, time }) => ({ location, time }));
  for (const { location, time } of queue) {
    const key = JSON.stringify(time);
    if (!withinBound(time) || seen[location]!.has(key)) continue;
    seen[location]!.set(key, time);
    for (const edge of graph.edges) {
      if (edge.from !== location) continue;
      const next = resultsIn(edge.summary, time);
      if (next !== undefined) queue.push({ location: edge.to, time: next });
    }
  }
  return seen.map((times) => {
    const all = [...times.values()];
    return all.filter((time) => !all.some((other) => lessThan(other, time)));
  });
}

function expectModel(graph: LocationGraph, tracker: Tracker, pointstamps: readonly Pointstamp[]): void {
  const expected = model(graph, pointstamps);
  for (let location = 0; location < graph.coordinates.length; location++) {
    const actual = tracker.frontier(location);
    const message = `location ${location}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected[location])}`;
    expect(sameAntichain(actual, expected[location]!), message).toBe(true);
  }
}

/** Locations of up to three depths; edges go anywhere and advance any of the coordinates that they keep, those that go back mostly. */
const anyGraphs = fc
  .record({
    coordinates: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 8 }),
    edges: fc.array(fc.record({ from: fc.nat(7), to: fc.nat(7), advance: fc.nat(2), at: fc.nat(2) }), { maxLength: 12 }),
  })
  .map(({ coordinates, edges }) => {
    const graph = new LocationGraph();
    for (const count of coordinates) graph.addLocation(count);
    for (const { from, to, advance, at } of edges) {
      const source = from % coordinates.length;
      const target = to % coordinates.length;
      let summary = identitySummary(coordinates[source]!);
      for (let c = coordinates[source]!; c > coordinates[target]!; c--) summary = compose(summary, leaveSummary(c));
      const steps = Array<number>(summary.keep).fill(0);
      steps[at % summary.keep] = advance;
      if (advance > 0) summary = compose(summary, advanceSummary(steps));
      for (let c = summary.keep; c < coordinates[target]!; c++) summary = compose(summary, enterSummary(c));
      graph.addEdge(source, target, summary);
    }
    return graph;
  });
const graphs = anyGraphs.filter((graph) => findStuckCycle(graph) === undefined);

/** Whether some cycle without repetition does not bring a time of its outermost location strictly further. */
function hasStuckCycle(graph: LocationGraph): boolean {
  const walk = (start: number, at: number, path: PathSummary, visited: ReadonlySet<number>): boolean =>
    graph.edges.some((edge) => {
      if (edge.from !== at || graph.coordinates[edge.to]! < graph.coordinates[start]!) return false;
      const further = compose(path, edge.summary);
      if (edge.to !== start) return !visited.has(edge.to) && walk(start, edge.to, further, new Set([...visited, edge.to]));
      const zero = timeAt([0, 0, 0], graph.coordinates[start]!);
      return !lessThan(zero, resultsIn(further, zero)!);
    });
  return graph.coordinates.some((count, start) => walk(start, start, identitySummary(count), new Set([start])));
}

const changes = fc.array(
  fc.array(
    fc.record({
      location: fc.nat(8),
      time: fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3)),
      difference: fc.integer({ min: -2, max: 2 }),
    }),
    { maxLength: 6 },
  ),
  { maxLength: 12 },
);

function timeAt([outer, middle, inner]: readonly [number, number, number], coordinates: number): Time {
  if (coordinates === 1) return outer;
  return coordinates === 2 ? [outer, middle] : [[outer, middle], inner];
}

describe("reachability", () => {
  test("three operators in a ring with a step of one on the way round", () => {
    const graph = new LocationGraph();
    const target = [0, 1, 2].map(() => graph.addLocation(1));
    const source = [0, 1, 2].map(() => graph.addLocation(1));
    for (const node of [0, 1, 2])
      graph.addEdge(target[node]!, source[node]!, node === 2 ? advanceSummary([1]) : identitySummary(1));
    for (const node of [0, 1, 2]) graph.addEdge(source[node]!, target[(node + 1) % 3]!, identitySummary(1));
    const tracker = new Tracker(graph, () => {});
    tracker.update(source[0]!, 17, 1);
    tracker.propagate();
    expect(target.map((location) => tracker.frontier(location))).toEqual([[18], [17], [17]]);
    tracker.update(source[0]!, 17, -1);
    tracker.propagate();
    expect(target.map((location) => tracker.frontier(location))).toEqual([[], [], []]);
    expect(tracker.live).toBe(0);
  });

  test("frontiers are those of the model after every batch of changes, negative counts included", () => {
    fc.assert(
      fc.property(graphs, changes, (graph, batches) => {
        expect(findStuckCycle(graph)).toBeUndefined();
        const changed = new Set<number>();
        const tracker = new Tracker(graph, (location) => changed.add(location));
        const counts = new Map<string, Pointstamp>();
        for (const batch of batches) {
          const before = graph.coordinates.map((_, location) => [...tracker.frontier(location)]);
          for (const { location: at, time: coordinates, difference } of batch) {
            const location = at % graph.coordinates.length;
            const time = timeAt(coordinates, graph.coordinates[location]!);
            const key = `${location} ${JSON.stringify(time)}`;
            counts.set(key, { location, time, count: (counts.get(key)?.count ?? 0) + difference });
            tracker.update(location, time, difference);
          }
          changed.clear();
          tracker.propagate();
          expectModel(graph, tracker, [...counts.values()]);
          before.forEach((old, location) => {
            expect(changed.has(location), `change of location ${location} told`).toBe(
              !sameAntichain(old, tracker.frontier(location)),
            );
          });
          expect(tracker.live).toBe([...counts.values()].filter(({ count }) => count !== 0).length);
        }
      }),
      { numRuns: 400 },
    );
  });

  test("a change is decisive exactly when it takes a pointstamp away and moves its location's frontier by that", () => {
    fc.assert(
      fc.property(graphs, changes, (graph, batches) => {
        const tracker = new Tracker(graph, () => {});
        for (const { location: at, time: coordinates } of batches.flat()) {
          const location = at % graph.coordinates.length;
          tracker.update(location, timeAt(coordinates, graph.coordinates[location]!), 1);
        }
        tracker.propagate();
        for (const { location, time, count } of tracker.pointstamps()) {
          const decisive = tracker.isDecisive(location, time, -count);
          expect(tracker.isDecisive(location, time, -Infinity)).toBe(decisive);
          expect(tracker.isDecisive(location, time, 1 - count)).toBe(false);
          const before = [...tracker.frontier(location)];
          tracker.update(location, time, -count);
          tracker.propagate();
          expect(decisive).toBe(!sameAntichain(before, tracker.frontier(location)));
          tracker.update(location, time, count);
          tracker.propagate();
        }
      }),
      { numRuns: 200 },
    );
  });

  test("a change behind the frontier is not propagated", () => {
    const graph = new LocationGraph();
    const [a, b] = [graph.addLocation(1), graph.addLocation(1)];
    graph.addEdge(a, b, identitySummary(1));
    const told: number[] = [];
    const tracker = new Tracker(graph, (location) => told.push(location));
    tracker.update(a, 1, 1);
    tracker.propagate();
    told.length = 0;
    tracker.update(b, 5, 1);
    tracker.update(a, 3, 1);
    tracker.propagate();
    expect(told).toEqual([]);
    tracker.update(a, 1, -1);
    tracker.propagate();
    expect([tracker.least(a), tracker.least(b)]).toEqual([3, 3]);
  });
});

describe("cycles that do not advance time", () => {
  test("are found in the scope that they go through", () => {
    const graph = new LocationGraph();
    const [outer, inner] = [graph.addLocation(1), graph.addLocation(2)];
    graph.addEdge(outer, inner, enterSummary(1));
    graph.addEdge(inner, inner, advanceSummary([0, 1]));
    expect(findStuckCycle(graph)).toBeUndefined();
    // What the inner loop advances is forgotten on leaving.
    graph.addEdge(inner, outer, leaveSummary(2));
    expect(findStuckCycle(graph)).toEqual([outer, inner]);
  });

  test("are found though they only pass through an outer scope on the way", () => {
    const graph = new LocationGraph();
    const inner = graph.addLocation(2);
    graph.addEdge(inner, inner, compose(compose(advanceSummary([0, 1]), leaveSummary(2)), enterSummary(1)));
    expect(findStuckCycle(graph)).toHaveLength(2);
  });

  test("are found exactly in the graphs that have one", () => {
    let stuck = 0;
    fc.assert(
      fc.property(anyGraphs, (graph) => {
        const expected = hasStuckCycle(graph);
        if (expected) stuck++;
        expect(findStuckCycle(graph) !== undefined).toBe(expected);
      }),
      { numRuns: 500 },
    );
    expect(stuck).toBeGreaterThan(20);
  });

  test("do not include cycles that advance the outer time", () => {
    const graph = new LocationGraph();
    const [outer, inner] = [graph.addLocation(1), graph.addLocation(2)];
    graph.addEdge(outer, inner, enterSummary(1));
    graph.addEdge(inner, outer, compose(leaveSummary(2), advanceSummary([1])));
    expect(findStuckCycle(graph)).toBeUndefined();
  });
});
