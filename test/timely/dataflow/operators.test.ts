/** What each operator does, with timely's own known answers where it has them. */
import { describe, expect, test } from "vitest";
import {
  type CaptureLog,
  execute,
  type InputHandle,
  pipeline,
  type Scope,
  type TimelyStream,
} from "../../../runtime/timely/index.ts";

/** Runs a dataflow over records sent at the given times (in order) on worker 0, and returns what each worker captured. */
async function run<D, E>(
  workers: number,
  records: readonly (readonly [time: number, record: D])[],
  build: (stream: TimelyStream<D, number>, scope: Scope<number>) => TimelyStream<E, number>,
): Promise<(readonly [time: number, items: E[]])[][]> {
  return execute({ workers }, async (worker) => {
    const [input, log] = worker.dataflow((scope): [InputHandle<D, number>, CaptureLog<E, number>] => {
      const [handle, stream] = scope.newInput<D>();
      return [handle, build(stream, scope).capture()];
    });
    if (worker.index === 0) {
      for (const [time, record] of records) {
        if (time > input.time()) input.advanceTo(time);
        input.send(record);
      }
    }
    input.close();
    await worker.stepWhile(() => worker.step());
    return log;
  }).then((logs) => logs.map((log) => [...log.extract()]));
}

const numbers = (count: number): (readonly [number, number])[] => Array.from({ length: count }, (_, i) => [0, i] as const);
const each = (count: number): (readonly [number, number])[] => Array.from({ length: count }, (_, i) => [i, i] as const);

describe("stateless operators", () => {
  test("map, filter, flatMap keep order and time", async () => {
    const [log] = await run(1, each(4), (stream) =>
      stream
        .map((x) => x * 10)
        .filter((x) => x !== 10)
        .flatMap((x) => [x, x + 1]),
    );
    expect(log).toEqual([
      [0, [0, 1]],
      [2, [20, 21]],
      [3, [30, 31]],
    ]);
  });

  test("inspect and inspectTime see items and pass them on", async () => {
    const seen: unknown[] = [];
    const [log] = await run(1, each(2), (stream) =>
      stream.inspect((x) => seen.push(x)).inspectTime((time, x) => seen.push([time, x])),
    );
    expect(log).toEqual([
      [0, [0]],
      [1, [1]],
    ]);
    expect(seen).toEqual([0, 1, [0, 0], [1, 1]]);
  });

  test("concat and concatenate bring streams together", async () => {
    const [log] = await run(1, numbers(2), (stream, scope) =>
      scope.concatenate(
        stream.concat(stream.map((x) => x + 10)),
        stream.map((x) => x + 100),
      ),
    );
    expect(log![0]![1].toSorted((a, b) => a - b)).toEqual([0, 1, 10, 11, 100, 101]);
  });

  test("branch splits by item and time, partition deals out", async () => {
    const [branched] = await run(1, each(6), (stream) => {
      const { trues, falses } = stream.branch((time, x) => x % 2 === 0 && time < 4);
      return trues.map((x) => `yes ${x}`).concat(falses.map((x) => `no ${x}`));
    });
    expect(branched!.map(([, items]) => items[0])).toEqual(["yes 0", "no 1", "yes 2", "no 3", "no 4", "no 5"]);
    const [dealt] = await run(1, numbers(5), (stream, scope) =>
      scope.concatenate(...stream.partition(3, (x) => [x % 3, x * 2] as const).map((part, i) => part.map((x) => `${i}:${x}`))),
    );
    expect(dealt![0]![1].toSorted()).toEqual(["0:0", "0:6", "1:2", "1:8", "2:4"]);
  });

  test("partition refuses a part that there is not", async () => {
    await expect(run(1, numbers(3), (stream) => stream.partition(2, (x) => [x, x])[0]!)).rejects.toMatchObject({
      code: "WEIR_TIMELY_ROUTE",
    });
  });
});

describe("operators between workers", () => {
  test("exchange: the numbers 0 … 9 alternate between two workers", async () => {
    const logs = await run(2, each(10), (stream) => stream.exchange((x) => x));
    expect(logs.map((log) => log.flatMap(([, items]) => items))).toEqual([
      [0, 2, 4, 6, 8],
      [1, 3, 5, 7, 9],
    ]);
  });

  test.each([2, 3])("exchange takes any integer as a route, on %i workers", async (workers) => {
    const routes = [0, 5, -1, -7, 2 ** 31, 2 ** 40 + 1, -(2 ** 40), 4_294_967_295, 7.9];
    const logs = await run(
      workers,
      routes.map((route) => [0, route] as const),
      (stream) => stream.exchange((x) => x),
    );
    logs.forEach((log, worker) => {
      for (const route of log.flatMap(([, items]) => items))
        expect(((Math.trunc(route) % workers) + workers) % workers).toBe(worker);
    });
    expect(logs.flat().flatMap(([, items]) => items)).toHaveLength(routes.length);
  });

  test("exchange refuses a route that is no number", async () => {
    await expect(run(2, numbers(1), (stream) => stream.exchange(() => Number.NaN))).rejects.toMatchObject({
      code: "WEIR_TIMELY_ROUTE",
    });
  });

  test("broadcast copies every item to every worker", async () => {
    const logs = await run(3, each(3), (stream) => stream.broadcast());
    for (const log of logs) expect(log).toEqual(each(3).map(([time, x]) => [time, [x]]));
  });
});

describe("operators that wait for times", () => {
  test("count and accumulate answer once per time", async () => {
    const [counted] = await run(1, numbers(10), (stream) => stream.count());
    expect(counted).toEqual([[0, [10]]]);
    const [summed] = await run(1, numbers(10), (stream) =>
      stream.accumulate(
        () => 0,
        (sum, batch) => batch.reduce((a, b) => a + b, sum),
      ),
    );
    expect(summed).toEqual([[0, [45]]]);
  });

  test("aggregate: (x mod 2, x) over 0 … 9 gives (0, 20) and (1, 25)", async () => {
    for (const workers of [1, 2, 3]) {
      const logs = await run(workers, numbers(10), (stream) =>
        stream.aggregate(
          (x) => x % 2,
          () => 0,
          (sum, x) => sum + x,
          (key, sum) => [key, sum] as const,
          (key) => key,
        ),
      );
      const results = logs.flat().flatMap(([, items]) => items);
      expect(results.toSorted((a, b) => a[0] - b[0])).toEqual([
        [0, 20],
        [1, 25],
      ]);
    }
  });

  test("stateMachine: running sums per key, across times and in their order", async () => {
    const logs = await run(2, each(10), (stream) =>
      stream.stateMachine(
        (x) => x % 2,
        () => 0,
        (key, x, sum) => ({ state: sum + x, done: false, out: [[key, sum + x] as const] }),
        (key) => key,
      ),
    );
    const sums = (key: number) => logs.flat().flatMap(([, items]) => items.filter(([k]) => k === key).map(([, sum]) => sum));
    expect(sums(0)).toEqual([0, 2, 6, 12, 20]);
    expect(sums(1)).toEqual([1, 4, 9, 16, 25]);
  });

  test("stateMachine forgets a key that is done", async () => {
    const [log] = await run(1, each(4), (stream) =>
      stream.stateMachine(
        () => "key",
        () => 0,
        (_, x, sum) => ({ state: sum + x, done: x === 1, out: [sum + x] }),
        () => 0,
      ),
    );
    expect(log!.flatMap(([, items]) => items)).toEqual([0, 1, 2, 5]);
  });

  test("delay moves items to later times, together with what is there", async () => {
    const [log] = await run(1, each(6), (stream) => stream.delay((x, time) => time - (time % 3) + 2 + (x === 5 ? 1 : 0)));
    expect(log).toEqual([
      [2, [0, 1, 2]],
      [5, [3, 4]],
      [6, [5]],
    ]);
  });

  test("delay refuses an earlier time", async () => {
    await expect(run(1, each(2), (stream) => stream.delay(() => 0))).rejects.toMatchObject({ code: "WEIR_TIMELY_TIME" });
  });

  test("reclock releases data at the ticks 3, 5 and 8; what no tick reaches stays", async () => {
    const [log] = await run(1, each(10), (stream) => stream.reclock(stream.filter((x) => [3, 5, 8].includes(x)).map(() => null)));
    expect(log).toEqual([
      [3, [0, 1, 2, 3]],
      [5, [4, 5]],
      [8, [6, 7, 8]],
    ]);
  });
});

describe("operators of the program", () => {
  test("binaryFrontier joins two streams when both are complete at a time", async () => {
    const [log] = await run(1, each(3), (stream) =>
      stream.binaryFrontier<number, string>(
        stream.map((x) => x * x),
        pipeline,
        pipeline,
        "pairs",
        (initial) => {
          initial.drop();
          const open: { capability: { time: number; drop(): void }; left: number[]; right: number[] }[] = [];
          const at = (capability: { time: number; retain(): never }) => {
            let entry = open.find((other) => other.capability.time === capability.time);
            if (entry === undefined) open.push((entry = { capability: capability.retain(), left: [], right: [] }));
            return entry;
          };
          return (left, right, output) => {
            left.forEach((capability, batch) => at(capability as never).left.push(...batch));
            right.forEach((capability, batch) => at(capability as never).right.push(...batch));
            const passed = (time: number) => ![left, right].some((port) => port.frontier().some((element) => element <= time));
            for (const entry of open.filter(({ capability }) => passed(capability.time))) {
              output.session(entry.capability, (session) => session.give(`${entry.left} ${entry.right}`));
              entry.capability.drop();
              open.splice(open.indexOf(entry), 1);
            }
          };
        },
      ),
    );
    expect(log).toEqual([
      [0, ["0 0"]],
      [1, ["1 1"]],
      [2, ["2 4"]],
    ]);
  });

  test("empty batches hold nothing up, before an exchange least of all", async () => {
    const logs = await run(2, each(2), (stream) =>
      stream
        .unary<number>(pipeline, "hollow", (initial) => {
          initial.drop();
          return (input, output) =>
            input.forEach((capability, batch) => {
              output.session(capability, (session) => session.giveBatch([]));
              output.session(capability, (session) => session.giveBatch(batch));
            });
        })
        .exchange((x) => x),
    );
    expect(logs.map((log) => log.flatMap(([, items]) => items))).toEqual([[0], [1]]);
  });
});
