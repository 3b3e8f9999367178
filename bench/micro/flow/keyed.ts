/**
 * A running sum per string key with an output for each record, against a loop with one Map. `node bench/micro/flow/keyed.ts [keys] [records]`
 *
 * keys = "k" + (lowbias32(i) mod K), value i; the answer is the sum of all outputs mod 2³².
 */
import { Dataflow } from "../../../runtime/index.ts";
import { runMain } from "../../../runtime/testing/index.ts";
import { measure, range } from "./measure.ts";

const keys = Number(process.argv[2] ?? 1_000);
const records = Number(process.argv[3] ?? 5_000_000);
const answers: Record<number, number> = { 1_000: 2_314_289_654, 1_000_000: 4_228_706_509 };

function lowbias32(x: number): number {
  x ^= x >>> 16;
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

function loop(): number {
  const sums = new Map<string, number>();
  let total = 0;
  for (let i = 0; i < records; i++) {
    const key = `k${lowbias32(i) % keys}`;
    const sum = (sums.get(key) ?? 0) + i;
    sums.set(key, sum);
    total = (total + sum) % 4_294_967_296;
  }
  return total;
}

function flow(workers: number) {
  return async (): Promise<number> => {
    let total = 0;
    const sums = new Dataflow("keyed");
    sums
      .input(
        "integers",
        range(records, 4_096, (i) => i, workers),
      )
      .keyBy("key", (i) => `k${lowbias32(i) % keys}`)
      .statefulMap("sum", (sum: number | undefined, i) => {
        const next = (sum ?? 0) + i;
        return [next, next];
      })
      .unkey("values")
      .output("total", {
        kind: "dynamic",
        build: () => ({
          writeBatch(items) {
            for (let i = 0; i < items.length; i++) total = (total + items[i]!) % 4_294_967_296;
          },
        }),
      });
    await runMain(sums, { workers });
    return total;
  };
}

// Two workers of one thread show what the exchange costs, not what a second core gives; there the order of a key differs.
await measure(records, { loop, "1 worker": flow(1) }, records === 5_000_000 ? answers[keys] : undefined, keys > 100_000 ? 3 : 5);
await measure(records, { "2 workers, one thread": flow(2) }, undefined, 3);
