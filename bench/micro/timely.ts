/**
 * The programs of timely's rows with all their workers in this one thread: what they cost without rings, sockets and other cores.
 *
 *     node bench/micro/timely.ts exchange [records in a round = 1000] [rounds = 10000] [workers = 2]
 *     node bench/micro/timely.ts barrier [rounds = 1000000] [workers = 1]
 */
import { expectAnswer } from "../row.ts";
import { warmUp } from "../timely/programs.ts";
import { runHere } from "../timely/run.ts";

const [program = "exchange", ...numbers] = process.argv.slice(2);
const exchange = program === "exchange";
const [size, rounds, workers] = exchange
  ? [Number(numbers[0] ?? 1_000), Number(numbers[1] ?? 10_000), Number(numbers[2] ?? 2)]
  : [1, Number(numbers[0] ?? 1_000_000), Number(numbers[1] ?? 1)];
for (let i = 0; i < 3; i++) {
  const { begin, end, count } = await runHere({ program: exchange ? "exchange" : "barrier", size, rounds }, workers);
  expectAnswer(program, { count }, { count: (rounds + warmUp(rounds)) * size * workers });
  const rate = (rounds * size * (exchange ? workers : 1) * 1000) / (end - begin);
  const what = exchange ? `${(rate / 1e6).toFixed(1)} M records/s in all` : `${Math.round(rate).toLocaleString("en")} rounds/s`;
  console.log(`${program}, ${workers} in one thread: ${what}`);
}
