/** Watches the frontier of a stream: what was sent on it and consumed, and what may still come. Costs nothing per record. */
import { frontierLessEqual, frontierLessThan, type Time } from "../../progress/index.ts";
import { requireTime } from "../misuse.ts";
import type { TimeProbe } from "../operator-types.ts";
import type { Stream } from "../stream.ts";
import type { TimelyStream } from "../types.ts";

export function probe<D, T>(stream: Stream<D, T>): TimeProbe<T> {
  const { dataflow, coordinates } = stream.state;
  stream.state.requireBuilding("probe");
  const location = dataflow.addLocation(coordinates, "a probe");
  stream.origin.attach({ location, path: stream.path });
  // Infinity is no time, but asking whether anything comes before it makes sense.
  const asked = (time: T): Time => (time === Infinity && coordinates === 1 ? Infinity : requireTime(time, coordinates, "probe"));
  return {
    lessThan: (time) => frontierLessThan(dataflow.frontier(location), asked(time)),
    lessEqual: (time) => frontierLessEqual(dataflow.frontier(location), asked(time)),
    done: () => dataflow.frontier(location).length === 0,
    frontier: () => dataflow.frontier(location) as readonly T[],
    frontierTime: () => dataflow.frontierTime(location),
  };
}

/** As `stream.probe()`, with the frontier as a number. */
export function timeProbe<D>(stream: TimelyStream<D, number>): TimeProbe<number> {
  return probe(stream as Stream<D, number>);
}
