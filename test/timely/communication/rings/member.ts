// A worker thread of the ring tests: sends `rounds` batches to everyone, checks all that comes, and reports.
import { parentPort, workerData } from "node:worker_threads";
import { openRings, type RingSetup } from "../../../../runtime/timely/communication/rings/index.ts";

const { rings, thread, rounds, slow } = workerData as { rings: RingSetup; thread: number; rounds: number; slow: boolean };
const fabric = openRings(rings, thread);
const { peers } = fabric;
const next = Array<number>(peers).fill(0);
let round = 0;
let consumed = 0;
let mostOutstanding = 0;
let scheduled = false;
const integers = new Int32Array(1_000);
/** Progress comes in its place among the data. */
const told = Array<number>(peers).fill(0);

function fill(from: number, at: number): unknown[] {
  return Array.from({ length: 1 + ((at * 37 + from) % 900) }, (_, i) => (at % 2 === 0 ? at * 1_000 + i : [`k${i}`, at / 2]));
}

function step(): void {
  scheduled = false;
  fabric.receive((message, from, weight) => {
    if (message.kind !== "data") {
      const at = told[from]!;
      told[from] = at + 3;
      const expected = [at, at % 2 === 0 ? at : [at, 1], -1];
      if (next[from] !== at + 1 || JSON.stringify(message.changes) !== JSON.stringify(expected))
        throw new Error(`thread ${thread}: ${JSON.stringify(message.changes)} of ${from} came after batch ${next[from]! - 1}`);
      return;
    }
    const expected = next[from]!++;
    if (JSON.stringify([message.time, message.records]) !== JSON.stringify([expected, fill(from, expected)])) {
      throw new Error(`thread ${thread}: batch ${JSON.stringify(message.time)} of ${from} is not ${expected}, or was altered`);
    }
    consumed++;
    if (slow && consumed % 20 === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    fabric.consumed(from, weight);
  });
  for (let burst = 0; burst < 5 && round < rounds && !fabric.congested(); burst++, round++) {
    const records = fill(thread, round);
    if (round % 4 === 0) {
      // As words, out of memory that is used again.
      records.forEach((record, i) => (integers[i + 1] = record as number));
      for (let target = 0; target < peers; target++) fabric.sendIntegers!(target, 0, 0, round, integers, 1, records.length);
    } else {
      for (let target = 0; target < peers; target++)
        fabric.send(target, { kind: "data", dataflow: 0, channel: 0, time: round, records });
    }
    if (round % 3 === 0)
      fabric.broadcast({ kind: "progress", dataflow: 0, changes: [round, round % 2 === 0 ? round : [round, 1], -1] });
  }
  mostOutstanding = Math.max(mostOutstanding, fabric.outstanding());
  fabric.flush();
  if (round < rounds && !fabric.congested()) again();
  if (next.every((count) => count === rounds) && round === rounds) report();
}
/** Credit that comes back to who is not congested wakes nobody. */
function report(): void {
  if (fabric.outstanding() === 0) parentPort!.postMessage({ done: mostOutstanding });
  else setTimeout(report, 2);
}
function again(): void {
  if (scheduled) return;
  scheduled = true;
  setImmediate(step);
}

fabric.onArrival(again);
fabric.onFailure((error) => parentPort!.postMessage({ failed: error.message, code: (error as { code?: string }).code }));
parentPort!.on("message", () => {
  fabric.close();
  parentPort!.close();
});
again();
