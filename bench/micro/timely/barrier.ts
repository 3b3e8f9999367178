/**
 * barrier: an empty feedback loop whose operator is notified at every time, so nothing but progress tracking and scheduling.
 * Prints rounds per second.   node bench/micro/timely/barrier.ts [rounds] [workers]
 */
import { createThreadFabrics } from "../../../runtime/timely/communication/thread.ts";
import { createWorker, pipeline } from "../../../runtime/timely/index.ts";

const rounds = Number(process.argv[2] ?? 1_000_000);
const peers = Number(process.argv[3] ?? 1);

export function barrier(total: number, count: number): number {
  let notified = 0;
  const workers = createThreadFabrics(count).map((fabric) => createWorker({ fabric, clock: Date.now }));
  for (const worker of workers) {
    worker.dataflow((scope) => {
      const [handle, loop] = scope.feedback<null>(1);
      const stream = loop.unaryNotify<null>(pipeline, "barrier", [0], (_input, _output, notificator, capabilities) => {
        for (const capability of capabilities) {
          notified++;
          const next = capability.time + 1;
          if (next < total) notificator.notifyAt(capability.delayed(next));
          capability.drop();
        }
      });
      handle.connect(stream);
    });
  }
  const start = performance.now();
  for (let alive = true; alive;) {
    alive = false;
    for (const worker of workers) if (worker.step()) alive = true;
  }
  const seconds = (performance.now() - start) / 1000;
  if (notified !== total * count) throw new Error(`${notified} notifications for ${total} rounds of ${count} workers`);
  return total / seconds;
}

if (import.meta.main) {
  barrier(100_000, peers);
  for (let i = 0; i < 3; i++)
    console.log(`barrier ${peers} worker(s): ${Math.round(barrier(rounds, peers)).toLocaleString("en")} rounds/s`);
}
