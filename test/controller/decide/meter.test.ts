import { describe, expect, test } from "vitest";
import { factsOf } from "../../../controller/decide/facts.ts";
import { idleMeter, metered, type Meter } from "../../../controller/decide/meter.ts";
import type { State, WorkerStatus } from "../../../controller/decide/index.ts";
import { runningState, start, worker } from "./cases.ts";

const counting = (process: number, records: number, over: Partial<WorkerStatus> = {}): WorkerStatus =>
  worker(process, {
    steps: [
      { step: "in", kind: "input", upstream: [], recordsIn: 0, recordsOut: records, busySeconds: 0 },
      { step: "half", kind: "filter", upstream: ["in"], recordsIn: records, recordsOut: records / 2, busySeconds: 0 },
      { step: "out", kind: "output", upstream: ["half"], recordsIn: records / 2, recordsOut: 0, busySeconds: 0 },
    ],
    ...over,
  });
const look = (meter: Meter, at: number, statuses: WorkerStatus[]): Meter => {
  const before: State = runningState();
  return metered(meter, factsOf({ ...before, workers: new Map(statuses.map((status) => [status.process, status])) }), start + at);
};

describe("the meter", () => {
  test("tells what is read from sources and what reaches the ends", () => {
    let meter = look(idleMeter, 0, [counting(0, 1000), counting(1, 500)]);
    expect(meter).toMatchObject({ input: 0, output: 0, measured: false });
    meter = look(meter, 2000, [counting(0, 3000), counting(1, 1500)]);
    expect(meter).toMatchObject({ input: 1500, output: 750, totalIn: 3000, totalOut: 1500, measured: true });
  });

  test("a process that does not answer once makes neither a dip in the total nor a peak", () => {
    let meter = look(idleMeter, 0, [counting(0, 0), counting(1, 0)]);
    meter = look(meter, 1000, [counting(0, 100), counting(1, 100)]);
    meter = look(meter, 2000, [counting(0, 200)]);
    meter = look(meter, 3000, [counting(0, 300), counting(1, 300)]);
    expect(meter.totalIn).toBe(600);
    expect(meter.input).toBeLessThan(220);
  });

  test("counters that begin anew, with an execution or a process, are no negative rate", () => {
    let meter = look(idleMeter, 0, [counting(0, 5000), counting(1, 5000)]);
    meter = look(meter, 1000, [counting(0, 6000), counting(1, 6000)]);
    const next = { execution: 4 };
    meter = look(meter, 2000, [counting(0, 10, next), counting(1, 10, next)]);
    expect(meter).toMatchObject({ input: 2000, totalIn: 2000 });
    meter = look(meter, 3000, [counting(0, 110, next), counting(1, 0, next)]);
    expect(meter.totalIn).toBe(2100);
  });

  test("is at rest while nobody answers", () => {
    const meter = look(look(idleMeter, 0, [counting(0, 0)]), 1000, [counting(0, 100)]);
    expect(look(meter, 2000, [])).toMatchObject({ input: 0, output: 0, totalIn: 100 });
  });
});
