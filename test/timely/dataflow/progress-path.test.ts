// Progress of many workers goes through one of them: how much is sent, when, and what is not lost on the way.
import { describe, expect, test } from "vitest";
import type { Message } from "../../../runtime/timely/communication/fabric.ts";
import { createThreadFabrics } from "../../../runtime/timely/communication/thread.ts";
import { createWorker, type EngineWorker, type InputHandle, type ProbeHandle } from "../../../runtime/timely/index.ts";

type Sent = { readonly from: number; readonly to: number; readonly message: Message };

/** Workers over queues, and the progress that they have sent to each other since it was last taken. */
function cluster(peers: number, manyWorkers?: number) {
  const sent: Sent[] = [];
  const workers = createThreadFabrics(peers).map((fabric) => {
    const send = fabric.send.bind(fabric);
    fabric.send = (to, message) => {
      if (message.kind === "progress" && to !== fabric.index) sent.push({ from: fabric.index, to, message });
      send(to, message);
    };
    return createWorker({ fabric, clock: () => 0, manyWorkers });
  });
  return {
    workers,
    take: () => sent.splice(0),
  };
}

function build(worker: EngineWorker): { readonly input: InputHandle<number, number>; readonly probe: ProbeHandle<number> } {
  return worker.dataflow((scope) => {
    const [input, stream] = scope.newInput<number>();
    return { input, probe: stream.exchange((value) => value).probe() };
  });
}

/** Whether exactly what is before `time` is over, by worker. */
const standAt = (time: number, built: readonly { readonly probe: ProbeHandle<number> }[]): boolean[] =>
  built.map(({ probe }) => !probe.lessThan(time) && probe.lessEqual(time));

function settle(workers: readonly EngineWorker[]): void {
  while (workers.some((worker) => worker.busy())) for (const worker of workers) if (worker.busy()) worker.step();
}

describe("progress", () => {
  /** Messages in a round in which all workers move on, after the first, which tells of the beginning. */
  function perRound(peers: number, manyWorkers?: number): number {
    const { workers, take } = cluster(peers, manyWorkers);
    const built = workers.map(build);
    settle(workers);
    for (let time = 1; time <= 10; time++) {
      take();
      for (const { input } of built) input.advanceTo(time);
      settle(workers);
      expect(standAt(time, built)).not.toContain(false);
    }
    return take().length;
  }

  test("of 64 workers takes two messages for each in a round, and not the square", () => {
    expect(perRound(64)).toBe(2 * 63);
    expect(perRound(64, Infinity)).toBe(64 * 63);
  });

  test("of few workers goes directly", () => {
    expect([2, 3, 4].map((peers) => perRound(peers))).toEqual([2, 6, 12]);
  });

  test("that moves nobody's frontier is not passed on", () => {
    const { workers, take } = cluster(3, 2);
    const built = workers.map(build);
    settle(workers);
    take();
    for (const at of [2, 1]) {
      built[at]!.input.advanceTo(5);
      settle(workers);
      expect(take()).toMatchObject([{ from: at, to: 0 }]);
      expect(standAt(0, built)).toEqual([true, true, true]);
    }
    built[0]!.input.advanceTo(5);
    settle(workers);
    expect(take()).toMatchObject([
      { from: 0, to: 1, message: { changes: [expect.any(Number), 5, 3, expect.any(Number), 0, -3] } },
      { from: 0, to: 2 },
    ]);
    expect(standAt(5, built)).toEqual([true, true, true]);
  });

  test("waits for the one that it goes through to build the dataflow", () => {
    const { workers } = cluster(3, 2);
    const [second, third] = [build(workers[1]!), build(workers[2]!)];
    for (const { input } of [second, third]) {
      input.send(1);
      input.advanceTo(3);
      settle(workers);
      input.close();
    }
    settle(workers);
    expect(standAt(0, [second, third])).toEqual([true, true]);
    const first = build(workers[0]!);
    first.input.close();
    settle(workers);
    expect([first, second, third].map(({ probe }) => probe.done())).toEqual([true, true, true]);
  });

  test("has all been passed on when the one that it goes through has nothing left to do", () => {
    const { workers, take } = cluster(4, 2);
    // Its dataflow ends while another of its goes on.
    const [ending, staying] = [workers.map(build), workers.map(build)];
    for (const { input } of ending.toReversed()) {
      for (let value = 0; value < 100; value++) input.send(value);
      input.close();
    }
    const [first, ...others] = workers;
    while (!ending[0]!.probe.done()) for (const worker of workers) worker.step();
    for (let steps = 0; steps < 10; steps++) for (const worker of others) worker.step();
    expect(ending.map(({ probe }) => probe.done())).toEqual([true, true, true, true]);
    take();
    for (const { input } of staying) input.close();
    while (first!.step()) for (const worker of others) worker.step();
    for (let steps = 0; steps < 10; steps++) for (const worker of others) worker.step();
    expect(others.map((worker) => worker.step())).toEqual([false, false, false]);
    expect(take().filter(({ from, to }) => from !== 0 && to !== 0)).toEqual([]);
  });
});
