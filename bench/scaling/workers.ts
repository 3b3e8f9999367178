/** Many workers in one thread, stepped in turns over the in-thread fabric: what a cluster's workers cost in all, without its cores. */
import { createThreadFabrics } from "../../runtime/timely/communication/thread.ts";
import { createWorker, type EngineWorker, type InputHandle } from "../../runtime/timely/index.ts";
import { least, plain, processorMs, type Table } from "./table.ts";

/** What each worker sends in a round. */
const shares = { full: 8_192, brief: 1_024, tiny: 64 };
/** Of all workers together, so that the code of one worker is compiled, too. */
const atLeast = {
  full: { records: 2_000_000, epochs: 20_000 },
  brief: { records: 200_000, epochs: 2_000 },
  tiny: { records: 128, epochs: 10 },
};

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
  work: "workers that share one thread exchange integers by value in rounds of 8,192 each, then do empty rounds",
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
      otherwise: "each has two messages and two or three steps in a round, but less and less of its state is still in the caches",
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
    const rounds = Math.max(10, Math.ceil(atLeast[scale].records / share / count));
    const epochs = Math.max(10, Math.ceil(atLeast[scale].epochs / count));
    const run = (times: number, size: number): number => {
      const start = processorMs();
      for (let i = 0; i < times; i++) {
        time++;
        for (const input of inputs) {
          for (let value = 0; value < size; value++) input.send(value);
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
    run(epochs, 0);
    const perEpoch = await least(3, () => (run(epochs, 0) * 1e3) / (epochs * count));
    return [perRecord, perEpoch];
  },
};
