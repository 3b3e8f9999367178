// When what a program puts into a dataflow leaves, and in how many pieces.
import { describe, expect, test } from "vitest";
import { createThreadFabrics } from "../../../runtime/timely/communication/thread.ts";
import { createWorker, type EngineWorker, exchange } from "../../../runtime/timely/index.ts";

function settle(workers: readonly EngineWorker[]): void {
  while (workers.some((worker) => worker.busy())) for (const worker of workers) worker.step();
}

describe("an input", () => {
  test("gathers what is sent between two steps into one batch for each worker", () => {
    const sizes: number[] = [];
    const workers = createThreadFabrics(64).map((fabric) => {
      const send = fabric.send.bind(fabric);
      fabric.send = (to, message) => {
        if (message.kind === "data") sizes.push(message.records.length);
        send(to, message);
      };
      return createWorker({ fabric, clock: () => 0 });
    });
    let received = 0;
    const inputs = workers.map((worker) =>
      worker.dataflow((scope) => {
        const [input, stream] = scope.newInput<number>();
        stream.exchange((value) => value).inspect(() => received++);
        return input;
      }),
    );
    for (let value = 0; value < 4_096; value++) inputs[0]!.send(value);
    inputs[0]!.sendBatch(Array.from({ length: 4_096 }, (_, value) => value));
    expect(sizes).toEqual([]);
    settle(workers);
    expect(sizes).toEqual(Array(63).fill(128));
    expect(received).toBe(8_192);
  });

  test.each(["advances", "closes", "flushes"])("sends what it has gathered when it %s in the midst of a run", (how) => {
    const workers = createThreadFabrics(2).map((fabric) => createWorker({ fabric, clock: () => 0 }));
    const late: string[] = [];
    const seen = new Map<number, number>();
    const inputs = workers.map((worker) =>
      worker.dataflow((scope) => {
        const [input, stream] = scope.newInput<number>();
        const [trigger, triggers] = scope.newInput<null>();
        // Behind the input, which has had its turn of this run by then.
        triggers.inspect(() => {
          for (let i = 0; i < 1_024; i++) input.send(i);
          if (how === "advances") input.advanceTo(1);
          if (how === "closes") input.close();
          if (how === "flushes") input.flush();
        });
        stream.unaryNotify<null>(
          exchange((value: number) => value),
          "count",
          [0],
          (port, _output, _notificator, notified) => {
            port.forEach((at, batch) => seen.set(at.time, (seen.get(at.time) ?? 0) + batch.length));
            for (const capability of notified) {
              if (seen.get(capability.time) !== 1_024)
                late.push(`time ${capability.time} was over after ${seen.get(capability.time)}`);
              capability.drop();
            }
          },
        );
        return { input, trigger };
      }),
    );
    inputs[1]!.input.close();
    settle(workers);
    inputs[0]!.trigger.send(null);
    workers[0]!.step();
    settle([workers[1]!]);
    // Both have their half before anybody hears that there is no more.
    expect(seen.get(0)).toBe(1_024);
    settle(workers);
    inputs[0]!.input.close();
    settle(workers);
    expect(late).toEqual([]);
    expect([...seen]).toEqual([[0, 1_024]]);
  });
});
