/**
 * Readings of thermometers, made up at a steady rate: per thermometer how many there were and their mean so far. Each reading
 * gives one line in a file, exactly once, whatever happens to the processes on the way.
 */
import { Dataflow, dirSink, generatorSource } from "weir";

interface Mean {
  readonly readings: number;
  readonly sum: number;
}

/** Params: `out`, the directory of the output; `seconds` for which readings come (default 6). */
export default function thermometers(params: Readonly<Record<string, string>>): Dataflow {
  const perSecond = 1_000;
  const flow = new Dataflow("thermometers");
  flow
    .input(
      "readings",
      generatorSource({
        parts: 2,
        ratePerSecond: perSecond,
        count: perSecond * Number(params.seconds ?? 6),
        make: (index, part) => ({ sensor: `t${(index * 2 + part) % 100}`, celsius: 15 + ((index * 7) % 100) / 10 }),
      }),
    )
    .keyBy("sensor", (reading) => reading.sensor)
    .statefulMap("mean", (before: Mean | undefined, { celsius }) => {
      const mean = { readings: (before?.readings ?? 0) + 1, sum: (before?.sum ?? 0) + celsius };
      return [mean, mean];
    })
    .map("line", ([sensor, { readings, sum }]): [string, string] => [
      sensor,
      JSON.stringify({ sensor, readings, mean: Number((sum / readings).toFixed(2)) }),
    ])
    .asKeyed()
    .output("out", dirSink(params.out ?? "out", { parts: 2, suffix: ".jsonl" }));
  return flow;
}
