import { expect, test } from "vitest";
import { Dataflow } from "../../runtime/flow/index.ts";
import { arraySink, listSource, run } from "./harness.ts";

for (const workers of [1, 2, 3]) {
  test(`running sums on ${workers} workers`, async () => {
    const out: (readonly [string, number])[] = [];
    const flow = new Dataflow("sums");
    const numbers = Array.from({ length: 100 }, (_, i) => i);
    flow
      .input("numbers", listSource([numbers, numbers]))
      .map("add", (n) => n + 1)
      .filter("small", (n) => n < 90)
      .keyBy("parity", (n) => (n % 2 === 0 ? "even" : "odd"))
      .statefulMap("sum", (sum: number | undefined, n) => [(sum ?? 0) + n, (sum ?? 0) + n])
      .output("out", arraySink(out));
    await run(flow, { workers });
    expect(out.length).toBe(178);
    const largest = (key: string) => Math.max(...out.filter(([k]) => k === key).map(([, v]) => v));
    expect([largest("even"), largest("odd")]).toEqual([2 * 1980, 2 * 2025]);
  });
}
