/**
 * Delays of 3,000,000 US flights of 2001, replayed as a stream: per airport and day, how many flights left and how late they
 * were in all. One part per row group of the file, so up to eleven workers can read it.
 */
import { Dataflow, dirSink, eventClock, parquetSource, replay, tumbling } from "weir";
import { metered } from "./metered.ts";

interface Flight {
  readonly date: Date;
  readonly delay: number;
  readonly origin: string;
}

const day = 24 * 60 * 60 * 1000;
const file = new URL("../../node_modules/vega-datasets/data/flights-3m.parquet", import.meta.url);

/**
 * Params: `results`, the directory of the output; `arrivals`, records per second at which each of the eleven parts arrives
 * (default 24000); `quota`, records per second that a process may read (default 60000, 0 = no limit).
 */
export default function flights(params: Readonly<Record<string, string>>): Dataflow {
  const arrivals = Number(params.arrivals ?? 24_000);
  const quota = Number(params.quota ?? 60_000);
  const flow = new Dataflow("flights");

  const source = parquetSource<Flight>(decodeURIComponent(file.pathname), { columns: ["date", "delay", "origin"] });
  const totals = flow
    .input("flights", metered(replay(source, { ratePerSecond: arrivals }), quota))
    .keyBy("airport", (flight) => flight.origin)
    .window("day", {
      // The parts are read side by side and cover half a year: no day is complete before the input is.
      clock: eventClock({ timestamp: (flight) => flight.date, waitMs: Infinity }),
      windower: tumbling({ lengthMs: day, alignTo: 0 }),
      ordered: false,
    })
    .fold(
      () => ({ flights: 0, delayMinutes: 0 }),
      (total, flight) => ({ flights: total.flights + 1, delayMinutes: total.delayMinutes + Number(flight.delay) }),
      (into, from) => ({ flights: into.flights + from.flights, delayMinutes: into.delayMinutes + from.delayMinutes }),
    );

  totals.down
    .map("line", ([airport, [window, total]]): [string, string] => [
      airport,
      JSON.stringify({ airport, date: new Date(window * day).toISOString().slice(0, 10), ...total }),
    ])
    .asKeyed()
    .output("results", dirSink(params.results ?? "results", { parts: 4, suffix: ".jsonl" }));
  return flow;
}
