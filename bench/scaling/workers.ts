/** Many workers in one thread, stepped in turns over the in-thread fabric: what a cluster's workers cost in all, without its cores. */
import { createThreadFabrics } from "../../runtime/timely/communication/thread.ts";
import { createWorker, type EngineWorker, type InputHandle } from "../../runtime/timely/index.ts";
import { least, plain, processorMs, type Table } from "./table.ts";

/** What each worker sends in a round. */
const shares = { full: 8_192, brief: 1_024, tiny: 64 };
const rounds = 20;

/** All workers until nothing is left to do for any of them. */
function settle(workers: readonly EngineWorker[]): void {
  for (let busy = true; busy;) {
    busy = false;
    for (const worker of workers) {
      if (!worker.busy()) continue;
      worker.step();
      busy = true;
    }
  }
}

export const workersTable: Table = {
  name: "workers",
  work: "workers that share one thread exchange integers by value in 20 rounds of 8,192 each, then do 100 empty rounds",
  sizes: { full: [1, 2, 4, 8, 16, 32, 64], brief: [1, 2, 4, 8, 16, 32, 64], tiny: [1, 2] },
  costs: [
    {
      name: "per record",
      unit: "ns",
      linear: 0,
      otherwise: "batches of an exchange become small: each is cut into one for each worker",
    },
    {
      name: "per epoch and worker",
      unit: "µs",
      linear: 0,
      otherwise:
        "a worker tells every other worker about its progress, so that all of them together send the square of their number of small messages",
    },
  ],
  show: plain,
  async measure(count, scale) {
    let received = 0;
    const workers = createThreadFabrics(count).map((fabric) => createWorker({ fabric, clock: () => 0 }));
    const inputs = workers.map((worker): InputHandle<number, number> =>
      worker.dataflow((scope) => {
        const [handle, stream] = scope.newInput<number>();
        stream
          .exchange((value) => value)
          .inspect(() => {
            received++;
          })
          .probe();
        return handle;
      }),
    );
    let time = 0;
    const share = shares[scale];
    const run = (epochs: number, size: number): number => {
      const start = processorMs();
      for (let epoch = 0; epoch < epochs; epoch++) {
        time++;
        for (const input of inputs) {
          for (let i = 0; i < size; i++) input.send(i);
          input.advanceTo(time);
        }
        settle(workers);
      }
      return processorMs() - start;
    };
    run(rounds, share);
    received = 0;
    const perRecord = await least(3, () => (run(rounds, share) * 1e6) / (share * count * rounds));
    if (received !== 3 * share * count * rounds) throw new Error(`${received} records arrived`);
    run(100, 0);
    const perEpoch = await least(3, () => (run(100, 0) * 1e3) / (100 * count));
    return [perRecord, perEpoch];
  },
};
