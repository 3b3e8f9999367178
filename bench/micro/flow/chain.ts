/**
 * Six stateless steps over integers, against a hand-written loop. `node bench/micro/flow/chain.ts [records]`
 *
 * i·3+1, keep even, xor 0x5bd1e995, drop multiples of 7, >> 1, keep >= 0, count: 8,571,454 of 20 million.
 */
import { Dataflow } from "../../../runtime/index.ts";
import { runMain } from "../../../runtime/testing/index.ts";
import { measure, range } from "./measure.ts";

const records = Number(process.argv[2] ?? 20_000_000);

function loop(): number {
  let count = 0;
  for (let i = 0; i < records; i++) {
    const a = i * 3 + 1;
    if ((a & 1) !== 0) continue;
    const b = a ^ 0x5bd1e995;
    if (b % 7 === 0) continue;
    if (b >> 1 >= 0) count++;
  }
  return count;
}

async function flow(): Promise<number> {
  let count = 0;
  const chain = new Dataflow("chain");
  chain
    .input(
      "integers",
      range(records, 4_096, (i) => i),
    )
    .map("affine", (i) => i * 3 + 1)
    .filter("even", (i) => (i & 1) === 0)
    .map("xor", (i) => i ^ 0x5bd1e995)
    .filter("no sevens", (i) => i % 7 !== 0)
    .map("half", (i) => i >> 1)
    .filter("positive", (i) => i >= 0)
    .output("count", {
      kind: "dynamic",
      build: () => ({
        writeBatch(items) {
          count += items.length;
        },
      }),
    });
  await runMain(chain);
  return count;
}

await measure(records, { loop, "1 worker": flow }, records === 20_000_000 ? 8_571_454 : undefined);
