/** Notifications in an empty loop: one per time, all workers in step. */
import { describe, expect, test } from "vitest";
import { execute, pipeline } from "../../runtime/timely/index.ts";

describe("a barrier", () => {
  test.each([1, 2, 3])("of %i workers is notified once at every time, one time per call", async (workers) => {
    const calls = await execute({ workers }, (worker) => {
      const times: number[] = [];
      worker.dataflow((scope) => {
        const [handle, loop] = scope.feedback<null>(1);
        const stream = loop.unaryNotify<null>(pipeline, "barrier", [0, 1], (_input, _output, notificator, notified) => {
          expect(notified.length).toBeLessThanOrEqual(1);
          for (const capability of notified) {
            times.push(capability.time);
            if (capability.time + 1 < 100) notificator.notifyAt(capability.delayed(capability.time + 1));
            capability.drop();
          }
        });
        handle.connect(stream);
      });
      return times;
    });
    for (const times of calls) expect(times).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  test("asks behind the frontier and is answered all the same", async () => {
    const [times] = await execute({}, (worker) => {
      const answered: number[] = [];
      worker.dataflow((scope) => {
        const [input, stream] = scope.newInput<number>();
        stream.unaryNotify(pipeline, "late", [3], (_input, _output, notificator, notified) => {
          for (const capability of notified) {
            answered.push(capability.time);
            if (answered.length < 3) notificator.notifyAt(capability.clone());
            capability.drop();
          }
        });
        input.close();
      });
      return answered;
    });
    expect(times).toEqual([3, 3, 3]);
  });
});

describe("loops", () => {
  test("pingpong: every number goes round until the last time", async () => {
    const seen = await execute({ workers: 2 }, (worker) => {
      let records = 0;
      worker.dataflow((scope) => {
        const [input, stream] = scope.newInput<number>();
        const [handle, loop] = scope.feedback<number>(1);
        const out = stream
          .concat(loop)
          .exchange((x) => x)
          .map((x) => x + 1)
          .inspect(() => records++);
        handle.connect(out.branch((time) => time < 99).trues);
        for (let i = worker.index; i < 10; i += worker.peers) input.send(i);
        input.close();
      });
      return () => records;
    });
    expect(seen.map((count) => count()).reduce((a, b) => a + b)).toBe(1000);
  });

  test("nested in loops take inner times back to the start on entering, and forget them on leaving", async () => {
    const [log] = await execute({}, (worker) => {
      const inner: string[] = [];
      const capture = worker.dataflow((scope) => {
        const [input, stream] = scope.newInput<number>();
        const out = scope.iterative((middle) => {
          const [again, round] = middle.feedback<number>([0, 1]);
          const entered = stream.enter(middle).concat(round);
          const left = middle.iterative((deepest) => {
            const [deeper, turn] = deepest.feedback<number>([[0, 0], 1]);
            const body = entered
              .enter(deepest)
              .concat(turn)
              .inspectTime((time, x) => inner.push(`${JSON.stringify(time)} ${x}`));
            const { trues, falses } = body.map((x) => x - 1).branch((_, x) => x % 3 !== 0);
            deeper.connect(trues);
            return falses.leave(middle);
          });
          again.connect(left.filter((x) => x > 0));
          return left.filter((x) => x <= 0).leave(scope);
        });
        const captured = out.capture();
        input.advanceTo(2);
        input.send(5);
        input.close();
        return captured;
      });
      return { inner, capture };
    });
    expect(log!.inner).toEqual(["[[2,0],0] 5", "[[2,0],1] 4", "[[2,1],0] 3", "[[2,1],1] 2", "[[2,1],2] 1"]);
    expect(log!.capture.extract()).toEqual([[2, [0]]]);
  });

  test("inputs of nested scopes have times of their own", async () => {
    const [captured] = await execute({}, (worker) =>
      worker.dataflow((scope) => {
        const logs = scope.iterative((nested) => {
          const [input, stream] = nested.newInput<string>();
          const log = stream.capture();
          input.advanceTo([1, 4]);
          input.send("a");
          expect(() => input.advanceTo([0, 9])).toThrow(/not at or after \[1, 4\]/);
          expect(() => input.advanceTo(7 as never)).toThrow(/no time here/);
          input.advanceTo([2, 4]);
          input.send("b");
          input.close();
          return [log, stream.leave(scope).capture()] as const;
        });
        return logs;
      }),
    );
    expect(captured!.map((log) => log.extract())).toEqual([
      [
        [[1, 4], ["a"]],
        [[2, 4], ["b"]],
      ],
      [
        [1, ["a"]],
        [2, ["b"]],
      ],
    ]);
  });
});
