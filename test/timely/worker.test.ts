/** The worker: what a step does, when it has something to do, timers, queues and the end of dataflows. */
import { describe, expect, test } from "vitest";
import { createThreadFabrics } from "../../runtime/timely/communication/thread.ts";
import {
  buildOperator,
  createWorker,
  directTo,
  type EngineWorker,
  exchange,
  type InputHandle,
  type OperatorContext,
  pipeline,
  type Scope,
} from "../../runtime/timely/index.ts";

const newWorkers = (peers: number, options: { window?: number; queueLimit?: number; clock?: () => number } = {}): EngineWorker[] =>
  createThreadFabrics(peers, options).map((fabric) => createWorker({ fabric, clock: options.clock ?? (() => 0), ...options }));

function settle(...workers: EngineWorker[]): void {
  for (let steps = 0; workers.some((worker) => worker.busy()); steps++) {
    if (steps > 10_000) throw new Error("does not come to rest");
    for (const worker of workers) worker.step();
  }
}

/** A source that the test drives: it runs `body` when it is activated. */
function source(scope: Scope<number>, body: (context: OperatorContext<number>) => () => void): void {
  buildOperator<number>(scope, { name: "source", inputs: [], outputs: 1 }, (context) => {
    const run = body(context);
    return () => run();
  });
}

describe("a worker", () => {
  test("is busy while a step would do something, and tells when that begins again", () => {
    const [worker] = newWorkers(1);
    let wakes = 0;
    worker!.onActivity(() => wakes++);
    const input = worker!.dataflow((scope) => {
      const [handle, stream] = scope.newInput<number>();
      stream.inspect(() => undefined);
      return handle;
    });
    settle(worker!);
    wakes = 0;
    input.send(1);
    input.send(2);
    expect([wakes, worker!.busy()]).toEqual([1, true]);
    expect(worker!.step()).toBe(true);
    expect(worker!.busy()).toBe(false);
    input.close();
    expect(wakes).toBe(2);
    expect(worker!.step()).toBe(false);
  });

  test("is woken by messages of others", () => {
    const [first, second] = newWorkers(2);
    const inputs = [first!, second!].map((worker) =>
      worker.dataflow((scope) => {
        const [handle, stream] = scope.newInput<number>();
        stream.exchange((x) => x).inspect(() => undefined);
        return handle;
      }),
    );
    settle(first!, second!);
    let woken = false;
    second!.onActivity(() => (woken = true));
    inputs[0]!.send(1);
    first!.step();
    expect([woken, second!.busy()]).toEqual([true, true]);
  });

  test("runs operators when the clock has reached what they asked for", () => {
    let now = 100;
    const [worker] = newWorkers(1, { clock: () => now });
    const runs: number[] = [];
    worker!.dataflow((scope) =>
      source(scope, ({ activateAt }) => () => {
        runs.push(now);
        if (runs.length < 3) {
          activateAt(now + 50);
          activateAt(now + 50);
          activateAt(now + 20);
        }
      }),
    );
    settle(worker!);
    expect([runs, worker!.nextTimer()]).toEqual([[100], 120]);
    now = 119;
    worker!.step();
    expect(runs).toEqual([100]);
    now = 120;
    worker!.step();
    expect([runs, worker!.nextTimer()]).toEqual([[100, 120], 140]);
    now = 500;
    settle(worker!, worker!);
    worker!.step();
    expect([runs, worker!.nextTimer()]).toEqual([[100, 120, 500], undefined]);
  });

  test("lets promises activate operators between steps", async () => {
    const [worker] = newWorkers(1);
    let woken = 0;
    worker!.onActivity(() => woken++);
    const done = Promise.withResolvers<void>();
    worker!.dataflow((scope) =>
      source(scope, ({ activate, initial }) => {
        let ready = false;
        void Promise.resolve().then(() => {
          ready = true;
          activate();
          done.resolve();
        });
        return () => {
          if (ready) initial[0]!.drop();
        };
      }),
    );
    settle(worker!);
    woken = 0;
    await done.promise;
    expect([woken, worker!.busy()]).toEqual([1, true]);
    expect(worker!.step()).toBe(false);
  });

  test("reports a capability that was dropped between steps", () => {
    const workers = newWorkers(2);
    const dropped = workers.map((worker) => {
      let drop!: () => void;
      worker.dataflow((scope) => source(scope, ({ initial }) => ((drop = () => initial[0]!.drop()), () => undefined)));
      return drop;
    });
    settle(...workers);
    for (const drop of dropped) drop();
    settle(...workers);
    expect(workers.map((worker) => worker.step())).toEqual([false, false]);
  });
});

describe("queues", () => {
  test("count what waits by weight, and congest beyond the limit until it is taken", () => {
    const [worker] = newWorkers(1, { queueLimit: 10 });
    let take = 0;
    let wake!: () => void;
    const input = worker!.dataflow((scope) => {
      const [handle, stream] = scope.newInput<string>();
      const inputs = [{ stream, pact: pipeline, weight: (record: string) => record.length }];
      buildOperator<number>(scope, { name: "slow", inputs, outputs: 0 }, ({ activate }) => {
        wake = activate;
        return ([port]) => {
          for (; take > 0; take--) port!.next(() => undefined);
        };
      });
      return handle;
    });
    for (const record of ["four", "seven..", "x"]) {
      input.send(record);
      input.flush();
    }
    settle(worker!);
    expect([worker!.queuedRecords(), worker!.congested()]).toEqual([12, true]);
    take = 2;
    wake();
    settle(worker!);
    expect([worker!.queuedRecords(), worker!.congested()]).toEqual([1, false]);
  });

  test("congest their sender while a receiver is slow", () => {
    const workers = newWorkers(2, { window: 100 });
    let taking = false;
    let wake!: () => void;
    const inputs = workers.map((worker) =>
      worker.dataflow((scope): InputHandle<number, number> => {
        const [handle, stream] = scope.newInput<number>();
        buildOperator<number>(
          scope,
          { name: "slow", inputs: [{ stream, pact: directTo(() => 1) }], outputs: 0 },
          ({ activate, initial }) => {
            if (worker.index === 1) wake = activate;
            void initial;
            return ([port]) => taking && port!.forEach(() => undefined);
          },
        );
        return handle;
      }),
    );
    inputs[0]!.sendBatch(Array.from({ length: 150 }, (_, i) => i));
    settle(...workers);
    expect(workers.map((worker) => worker.congested())).toEqual([true, false]);
    taking = true;
    wake();
    settle(...workers);
    expect(workers.map((worker) => worker.congested())).toEqual([false, false]);
  });

  test("are emptied from the end of the dataflow when they are long, so that they stay short", () => {
    const longest = (queueLimit: number): number => {
      const [worker] = newWorkers(1, { queueLimit });
      let most = 0;
      worker!.dataflow((scope) => {
        const [first] = buildOperator<number>(scope, { name: "source", inputs: [], outputs: 1 }, ({ initial, activate }) => {
          let sent = 0;
          return (_, [output]) => {
            if (worker!.congested()) return activate();
            output!.giveBatch(
              initial[0]!,
              Array.from({ length: 100 }, () => sent),
            );
            if (++sent < 50) activate();
            else initial[0]!.drop();
          };
        });
        let stream = first!;
        for (let i = 0; i < 3; i++) stream = stream.flatMap((x: number) => [x, x]);
        stream.inspect(() => (most = Math.max(most, worker!.queuedRecords())));
      });
      while (worker!.step());
      return most;
    };
    expect(longest(200)).toBeLessThanOrEqual(800);
  });
});

describe("dataflows", () => {
  test("run next to each other, and end one by one", () => {
    const [worker] = newWorkers(1);
    const seen: string[] = [];
    const build = (name: string) => (scope: Scope<number>) => {
      const [handle, stream] = scope.newInput<number>();
      stream.inspect((x) => seen.push(`${name}${x}`));
      return handle;
    };
    const first = worker!.launch(build("a"));
    const second = worker!.launch(build("b"));
    expect([first.id, second.id]).toEqual([0, 1]);
    first.result.send(1);
    second.result.send(2);
    first.result.close();
    settle(worker!);
    expect([first.done(), second.done(), worker!.step()]).toEqual([true, false, true]);
    second.result.close();
    settle(worker!);
    expect([second.done(), worker!.step()]).toEqual([true, false]);
    expect(seen).toEqual(["a1", "b2"]);
  });

  test("are disposed of in the middle: nothing runs any more, credit goes back, handles are harmless", () => {
    const fabrics = createThreadFabrics(2);
    const workers = fabrics.map((fabric) => createWorker({ fabric, clock: () => 0 }));
    const seen: number[] = [];
    let shutdowns = 0;
    const running = workers.map((worker) =>
      worker.launch((scope) => {
        const [handle, stream] = scope.newInput<number>();
        const inputs = [{ stream, pact: exchange((x: number) => x) }];
        buildOperator<number>(scope, { name: "sink", inputs, outputs: 0, initial: false }, ({ onShutdown }) => {
          onShutdown(() => shutdowns++);
          return ([port]) => port!.forEach((_, batch) => seen.push(...batch));
        });
        return handle;
      }),
    );
    settle(...workers);
    running[0]!.result.sendBatch([1, 3, 5]);
    workers[0]!.step();
    expect(fabrics[0]!.outstanding()).toBe(3);
    for (const dataflow of running) dataflow.dispose();
    running[0]!.result.send(7);
    running[0]!.result.close();
    settle(...workers);
    expect([seen, fabrics[0]!.outstanding(), shutdowns, workers[1]!.queuedRecords()]).toEqual([[], 0, 2, 0]);
    expect(workers.map((worker) => worker.step())).toEqual([false, false]);
  });

  test("may be ended by an operator of theirs, in the middle of a batch", () => {
    const [worker] = newWorkers(1);
    const seen: number[] = [];
    const running = worker!.launch((scope) => {
      const [handle, stream] = scope.newInput<number>();
      stream
        .inspect((x) => {
          seen.push(x);
          if (x === 2) running.dispose();
        })
        .inspect((x) => seen.push(-x));
      return handle;
    });
    for (const x of [1, 2, 3]) {
      running.result.send(x);
      running.result.flush();
    }
    settle(worker!);
    expect([seen, worker!.queuedRecords(), worker!.step()]).toEqual([[1, 2], 0, false]);
  });

  test("that can not be built leave nothing behind", () => {
    const [worker] = newWorkers(1);
    const half = (scope: Scope<number>) => {
      scope.newInput<number>()[0].send(1);
      throw new Error("half-way");
    };
    expect(() => worker!.dataflow(half)).toThrow("half-way");
    expect([worker!.busy(), worker!.step()]).toEqual([false, false]);
    expect(worker!.launch((scope) => void scope.newInput<number>()[0].close()).id).toBe(0);
    expect(worker!.step()).toBe(false);
  });

  test("end with their worker's error when an operator throws", () => {
    const [worker] = newWorkers(1);
    const input = worker!.dataflow((scope) => {
      const [handle, stream] = scope.newInput<number>();
      stream.map(() => {
        throw new Error("broken");
      });
      return handle;
    });
    input.send(1);
    expect(() => worker!.step()).toThrow("broken");
    expect([worker!.queuedRecords(), worker!.step()]).toEqual([0, false]);
  });

  test("of a worker that builds late get what was sent before", () => {
    const [early, late] = newWorkers(2);
    const seen: number[] = [];
    const build = (scope: Scope<number>) => {
      const [handle, stream] = scope.newInput<number>();
      return [
        handle,
        stream
          .exchange(() => 1)
          .inspect((x) => seen.push(x))
          .probe(),
      ] as const;
    };
    const [input, probe] = early!.dataflow(build);
    input.send(1);
    input.advanceTo(5);
    settle(early!, late!);
    expect(probe.lessEqual(0)).toBe(true);
    const [other, otherProbe] = late!.dataflow(build);
    other.advanceTo(5);
    settle(early!, late!);
    expect([seen, probe.lessThan(5), otherProbe.lessThan(5), probe.lessEqual(5)]).toEqual([[1], false, false, true]);
    input.close();
    other.close();
    settle(early!, late!);
    expect([probe.done(), otherProbe.done()]).toEqual([true, true]);
  });
});
