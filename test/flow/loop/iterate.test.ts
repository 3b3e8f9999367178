import { expect, test } from "vitest";
import { Dataflow } from "../../../runtime/flow/index.ts";
import { arraySink, listSource, run } from "../harness.ts";

const collatz = (n: number): number => (n === 1 ? 0 : 1 + collatz(n % 2 === 0 ? n / 2 : 3 * n + 1));

for (const workers of [1, 2]) {
  test(`a loop runs until nothing is fed back, on ${workers} workers`, async () => {
    const numbers = Array.from({ length: 50 }, (_, i) => i + 1);
    const out: [number, number][] = [];
    const flow = new Dataflow("loop");
    flow
      .input("in", listSource([numbers], 4))
      .map("start", (n) => ({ from: n, at: n, steps: 0 }))
      .iterate("collatz", (loop) => {
        const { trues, falses } = loop.branch("done", ({ at }) => at === 1);
        const again = falses
          .redistribute("spread")
          .map("step", ({ from, at, steps }) => ({ from, at: at % 2 === 0 ? at / 2 : 3 * at + 1, steps: steps + 1 }));
        return { again, out: trues };
      })
      .map("result", ({ from, steps }): [number, number] => [from, steps])
      .output("out", arraySink(out));
    await run(flow, { workers });
    expect(out.toSorted(([a], [b]) => a - b)).toEqual(numbers.map((n) => [n, collatz(n)]));
  });
}

test("loops nest, take streams from outside and may be asynchronous", async () => {
  const out: number[] = [];
  const flow = new Dataflow("loops");
  const extra = flow.input("extra", listSource([[1000]]));
  flow
    .input("in", listSource([[1, 2]]))
    .iterate("outer", (outer) => {
      const inner = outer.merge("with extra", extra).iterate("inner", (loop) => {
        const more = loop.mapAsync("more", async (n) => n + 1);
        return { again: more.filter("not round", (n) => n % 10 !== 0), out: more.filter("round", (n) => n % 10 === 0) };
      });
      return { again: inner.filter("small", (n) => n < 30), out: inner.filter("large", (n) => n >= 30) };
    })
    .output("out", arraySink(out));
  await run(flow);
  expect(out.toSorted((a, b) => a - b)).toEqual([30, 30, 1010]);
});
