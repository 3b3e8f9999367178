/**
 * exchange: every worker sends the integers below `batch` in each round, routed by value, and steps until the round is
 * through. Prints records per second and worker.   node bench/micro/timely/exchange.ts [batch] [rounds] [workers]
 */
import { execute, type Worker } from "../../../runtime/timely/index.ts";

const batch = Number(process.argv[2] ?? 1_000);
const rounds = Number(process.argv[3] ?? 10_000);
const workers = Number(process.argv[4] ?? 2);

async function exchangeRounds(worker: Worker, size: number, count: number): Promise<number> {
  let received = 0;
  const [input, probe] = worker.dataflow((scope) => {
    const [handle, stream] = scope.newInput<number>();
    return [
      handle,
      stream
        .exchange((value) => value)
        .inspect(() => {
          received++;
        })
        .probe(),
    ] as const;
  });
  for (let round = 0; round < count; round++) {
    for (let i = 0; i < size; i++) input.send(i);
    input.advanceTo(round + 1);
    await worker.stepWhile(() => probe.lessThan(input.time()));
  }
  input.close();
  return received;
}

export async function exchange(size: number, count: number, peers: number): Promise<number> {
  const start = performance.now();
  const received = await execute({ workers: peers }, (worker) => exchangeRounds(worker, size, count));
  const seconds = (performance.now() - start) / 1000;
  const total = received.reduce((sum, records) => sum + records, 0);
  if (total !== size * count * peers) throw new Error(`${total} records arrived of ${size * count * peers}`);
  return total / seconds;
}

if (import.meta.main) {
  await exchange(batch, Math.min(rounds, 200), workers);
  for (let i = 0; i < 3; i++) {
    const rate = await exchange(batch, rounds, workers);
    console.log(`exchange ${batch} × ${rounds}, ${workers} worker(s) in one thread: ${(rate / 1e6).toFixed(1)} M records/s`);
  }
}
