/** Several workers on one thread: interleaving, ends that nobody said, errors. */
import { describe, expect, test } from "vitest";
import { execute, pipeline } from "../../runtime/timely/index.ts";

describe("execute", () => {
  test("gives what the bodies return, by worker, when everything is done", async () => {
    let seen = 0;
    const results = await execute({ workers: 3 }, (worker) => {
      worker.dataflow((scope) => {
        const [input, stream] = scope.newInput<number>();
        stream.exchange((x) => x).inspect(() => seen++);
        input.sendBatch([0, 1, 2]);
        input.close();
      });
      return worker.index * worker.peers;
    });
    expect([results, seen]).toEqual([[0, 3, 6], 9]);
  });

  test("closes the inputs that were left open", async () => {
    const [log] = await execute({ workers: 2 }, (worker) =>
      worker.dataflow((scope) => {
        const [input, stream] = scope.newInput<string>();
        const captured = stream.count().capture();
        input.send("left open");
        return captured;
      }),
    );
    expect(log!.extract()).toEqual([[0, [1]]]);
  });

  test("lets workers wait for each other and for promises in their bodies", async () => {
    const order: string[] = [];
    await execute({ workers: 2 }, async (worker) => {
      const [input, probe] = worker.dataflow((scope) => {
        const [handle, stream] = scope.newInput<number>();
        return [handle, stream.exchange(() => 0).probe()] as const;
      });
      for (let round = 1; round <= 3; round++) {
        if (worker.index === 1) await new Promise((resolve) => setTimeout(resolve, 5));
        order.push(`${worker.index} at ${round}`);
        input.advanceTo(round);
        await worker.stepWhile(() => probe.lessThan(round));
      }
    });
    expect(order.toSorted((a, b) => a.at(-1)!.localeCompare(b.at(-1)!))).toEqual(order);
  });

  test("rejects with the error of an operator, or of a body, as it was thrown", async () => {
    const broken = new Error("broken");
    const inOperator = execute({ workers: 2 }, (worker) =>
      worker.dataflow((scope) => {
        const [input, stream] = scope.newInput<number>();
        stream
          .exchange(() => 1)
          .inspect(() => {
            throw broken;
          });
        input.send(1);
      }),
    );
    await expect(inOperator).rejects.toBe(broken);
    const inBody = execute({ workers: 2 }, async (worker) => {
      const input = worker.dataflow((scope) => scope.newInput<number>()[0]);
      if (worker.index === 1) throw broken;
      await worker.stepWhile(() => input.time() === 0);
    });
    await expect(inBody).rejects.toBe(broken);
  });

  test("names what is still held when a dataflow can not complete", async () => {
    const stuck = execute({ workers: 2 }, (worker) =>
      worker.dataflow((scope) => {
        scope.newInput<number>()[1].unaryFrontier(pipeline, "keeper", () => () => undefined);
      }),
    );
    await expect(stuck).rejects.toMatchObject({
      code: "WEIR_TIMELY_STUCK",
      message: expect.stringMatching(/time 0 at output 0 of keeper/),
    });
  });

  test("ends a loop of steps that keeps the others from running", async () => {
    const spinning = execute({ workers: 2 }, (worker) => {
      const [input, probe] = worker.dataflow((scope) => {
        const [handle, stream] = scope.newInput<number>();
        return [handle, stream.probe()] as const;
      });
      input.advanceTo(1);
      while (probe.lessThan(1)) worker.step();
    });
    await expect(spinning).rejects.toMatchObject({ code: "WEIR_USAGE", message: expect.stringMatching(/await stepWhile/) });
  });

  test("steps in a plain loop with one worker", async () => {
    const [rounds] = await execute({}, (worker) => {
      const [input, probe] = worker.dataflow((scope) => {
        const [handle, stream] = scope.newInput<number>();
        return [handle, stream.map((x) => x + 1).probe()] as const;
      });
      for (let round = 0; round < 10; round++) {
        input.send(round);
        input.advanceTo(round + 1);
        while (probe.lessThan(input.time())) worker.step();
      }
      return input.time();
    });
    expect(rounds).toBe(10);
  });

  test.each([0, -1, 1.5, Number.NaN])("refuses %d workers", async (workers) => {
    await expect(execute({ workers }, () => undefined)).rejects.toMatchObject({ code: "WEIR_USAGE" });
  });
});
