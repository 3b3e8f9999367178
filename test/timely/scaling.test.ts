/** Cost grows with what is there and what moves: 1 … 10,000 operators, ports, times and dataflows, near to linearly. Figures: `npm run bench -- scaling`. */
import { describe, expect, test } from "vitest";
import { createThreadFabrics } from "../../runtime/timely/communication/thread.ts";
import {
  buildOperator,
  createWorker,
  type EngineWorker,
  pipeline,
  type Scope,
  type TimelyStream,
} from "../../runtime/timely/index.ts";

const newWorker = () => createWorker({ fabric: createThreadFabrics(1)[0]!, clock: () => 0 });

function drain(worker: EngineWorker): void {
  while (worker.busy()) worker.step();
}

/** The least of some runs in milliseconds: noise only ever adds. */
function cost(body: () => void, runs = 3): number {
  let least = Infinity;
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    body();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

/** Twenty times as much costs well under the four hundred times that a quadratic algorithm takes. */
function expectNearLinear(costOf: (size: number) => number, small: number, large: number): void {
  costOf(small);
  const growth = costOf(large) / Math.max(costOf(small), 0.2);
  expect(growth, `growth from ${small} to ${large}`).toBeLessThan((large / small) * 6);
}

const shapes: Record<
  string,
  (scope: Scope<number>, stream: TimelyStream<number, number>, size: number) => TimelyStream<number, number>
> = {
  "a chain of operators": (_, stream, size) => {
    for (let i = 0; i < size; i++) stream = stream.map((x) => x + 1);
    return stream;
  },
  "a chain of operators in a loop": (scope, stream, size) => {
    const [handle, loop] = scope.feedback<number>(1);
    let body = stream.concat(loop);
    for (let i = 0; i < size; i++) body = body.map((x) => x + 1);
    handle.connect(body.filter(() => false));
    return body;
  },
  "one operator with many inputs": (scope, stream, size) => scope.concatenate(...Array.from({ length: size }, () => stream)),
  "one operator with many outputs": (scope, stream, size) => scope.concatenate(...stream.partition(size, (x) => [x % size, x])),
  "many inputs and many outputs": (scope, stream, size) => {
    const inputs = Array.from({ length: size }, () => ({ stream, pact: pipeline }));
    const streams = buildOperator<number>(
      scope,
      { name: "wide", inputs, outputs: size, initial: false },
      () => (ports, outputs) => {
        for (const [i, port] of ports.entries()) port.forEach((at, batch) => outputs[i]!.giveBatch(at, batch));
      },
    );
    return scope.concatenate(...streams);
  },
  "many scopes side by side": (scope, stream, size) => {
    const left = Array.from({ length: size }, () => scope.iterative((nested) => stream.enter(nested).leave(scope)));
    return scope.concatenate(...left);
  },
};

describe("cost", () => {
  test.each(Object.entries(shapes))("of %s is near-linear to build and to move times and records through", (_, shape) => {
    const costOf = (size: number): number =>
      cost(() => {
        const worker = newWorker();
        const input = worker.dataflow((scope) => {
          const [handle, stream] = scope.newInput<number>();
          shape(scope, stream, size).inspect(() => undefined);
          return handle;
        });
        for (let round = 1; round <= 5; round++) {
          input.send(round);
          input.advanceTo(round);
          drain(worker);
        }
        input.close();
        while (worker.step());
      });
    expectNearLinear(costOf, 500, 10_000);
  });

  test("of a step hardly depends on operators that are idle", () => {
    const roundsWith = (idle: number): number => {
      const worker = newWorker();
      const input = worker.dataflow((scope) => {
        const [handle, stream] = scope.newInput<number>();
        const [, other] = scope.newInput<number>();
        let quiet = other;
        for (let i = 0; i < idle; i++) quiet = quiet.map((x) => x);
        stream.map((x) => x).probe();
        return handle;
      });
      drain(worker);
      let time = 0;
      const rounds = (): void => {
        for (let i = 0; i < 5_000; i++) {
          input.send(i);
          input.advanceTo(++time);
          drain(worker);
        }
      };
      rounds();
      return cost(rounds);
    };
    // Near to one; a walk over all of them would cost thousands.
    expect(roundsWith(10_000) / Math.max(roundsWith(1), 0.5)).toBeLessThan(30);
  });

  test("of many times in flight is near-linear", () => {
    const costOf = (times: number): number =>
      cost(() => {
        const worker = newWorker();
        const input = worker.dataflow((scope) => {
          const [handle, stream] = scope.newInput<number>();
          stream.delay((x) => x).inspect(() => undefined);
          return handle;
        });
        input.sendBatch(Array.from({ length: times }, (_, i) => (i * 7919) % times));
        input.close();
        while (worker.step());
      });
    expectNearLinear(costOf, 500, 10_000);
  });

  test("of many dataflows, of which one is busy, is that of one", () => {
    const roundsWith = (count: number): number => {
      const worker = newWorker();
      const inputs = Array.from({ length: count }, () =>
        worker.dataflow((scope) => {
          const [handle, stream] = scope.newInput<number>();
          stream.map((x) => x).probe();
          return handle;
        }),
      );
      drain(worker);
      let time = 0;
      const rounds = (): void => {
        for (let i = 0; i < 5_000; i++) {
          inputs[0]!.advanceTo(++time);
          drain(worker);
        }
      };
      rounds();
      return cost(rounds);
    };
    expect(roundsWith(1_000) / Math.max(roundsWith(1), 0.5)).toBeLessThan(30);
  });
});
