/**
 * What the fabrics carry, without a dataflow on top: `node bench/micro/fabric.ts`. Two workers, in two threads over rings or in two
 * processes over loopback, run rounds: each splits `batch` small integers between both by value, tells both that it has finished, and
 * waits until both have. `batch` 0 is a barrier. Records per second and worker; rounds per second.
 *
 *   node bench/micro/fabric.ts member …     is one of the two processes
 */
import { fork } from "node:child_process";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import type { Fabric } from "../../runtime/timely/communication/fabric.ts";
import { createRings, openRings, type RingSetup } from "../../runtime/timely/communication/rings/index.ts";
import { createMesh, openMeshFabric } from "../../runtime/timely/communication/websocket/index.ts";

const peers = 2;
const plans = [
  { batch: 0, seconds: 2 },
  { batch: 1_000, seconds: 3 },
  { batch: 100_000, seconds: 3 },
];

interface Result {
  readonly batch: number;
  readonly rounds: number;
  readonly seconds: number;
}

interface Arrival {
  readonly round: number;
  /** Records; -1 for the end of the round, -2 for the end of the run with it. */
  readonly what: number;
}

function createExchange(fabric: Fabric): (batch: number, seconds: number) => Promise<Result> {
  /** The other worker may be a round ahead, or a run. */
  const early: Arrival[] = [];
  let round = 0;
  let wake: (() => void) | undefined;
  fabric.onArrival(() => wake?.());

  return async (batch, seconds) => {
    const parts: number[][] = Array.from({ length: peers }, () => []);
    for (let i = 0; i < batch; i++) parts[i % peers]!.push(i);
    const expected = parts[fabric.index]!.length * peers;
    const start = performance.now();
    const first = round;
    let got = 0;
    let finished = 0;
    let last = false;
    const take = (arrival: Arrival): void => {
      if (arrival.round !== round) early.push(arrival);
      else if (arrival.what >= 0) got += arrival.what;
      else {
        finished++;
        if (arrival.what === -2) last = true;
      }
    };
    for (;;) {
      for (const arrival of early.splice(0)) take(arrival);
      for (let target = 0; target < peers && batch > 0; target++) {
        fabric.send(target, { kind: "data", dataflow: 0, channel: 0, time: round, records: parts[target]! });
      }
      const end = fabric.index === 0 && performance.now() - start > seconds * 1_000 ? -2 : -1;
      fabric.broadcast({ kind: "progress", dataflow: 0, changes: [0, round, end] });
      fabric.flush();
      while (finished < peers) {
        const any = fabric.receive((message, from, weight) => {
          if (message.kind === "data") {
            take({ round: message.time as number, what: message.records.length });
            fabric.consumed(from, weight);
          } else take({ round: message.changes[1] as number, what: message.changes[2] as number });
        });
        if (any) continue;
        fabric.flush();
        await new Promise<void>((resolve) => (wake = resolve));
      }
      if (got !== expected) throw new Error(`round ${round} brought ${got} records, not ${expected}`);
      round++;
      if (last) break;
      got = 0;
      finished = 0;
    }
    fabric.flush();
    return { batch, rounds: round - first, seconds: (performance.now() - start) / 1_000 };
  };
}

async function runAll(fabric: Fabric): Promise<Result[]> {
  const exchange = createExchange(fabric);
  const results: Result[] = [];
  for (const { batch, seconds } of plans) {
    await exchange(batch, 0.5);
    results.push(await exchange(batch, seconds));
  }
  return results;
}

function print(how: string, results: Result[]): void {
  console.log(how);
  console.table(
    results.map(({ batch, rounds, seconds }) => ({
      "records per round and worker": batch,
      "rounds/s": Math.round(rounds / seconds),
      "M records/s and worker": Math.round((batch * rounds) / seconds / 1e4) / 100,
    })),
  );
}

async function member(process_: number, ports: number[]): Promise<Result[]> {
  const mesh = await createMesh({
    process: process_,
    flow: "bench",
    token: "bench",
    address: (other) => `127.0.0.1:${ports[other]}`,
    listen: { port: ports[process_]!, host: "127.0.0.1" },
  });
  await mesh.ready(peers);
  const results = await runAll(openMeshFabric(mesh.enter(1, { processes: peers, threads: 1 })));
  await new Promise((resolve) => setTimeout(resolve, 200));
  await mesh.close();
  return results;
}

if (!isMainThread) {
  const { rings, thread } = workerData as { rings: RingSetup; thread: number };
  const fabric = openRings(rings, thread);
  parentPort!.postMessage(await runAll(fabric));
  fabric.close();
} else if (process.argv[2] === "member") {
  process.send!(await member(Number(process.argv[3]), process.argv.slice(4).map(Number)));
  process.disconnect();
} else {
  const rings = createRings({ workers: peers });
  const threads = Array.from(
    { length: peers },
    (_, thread) => new Worker(new URL(import.meta.url), { workerData: { rings, thread } }),
  );
  const [inThreads] = await Promise.all(
    threads.map((thread) => new Promise<Result[]>((resolve, reject) => thread.once("message", resolve).once("error", reject))),
  );
  print("two threads, rings", inThreads!);
  const ports = [47_831, 47_832];
  const children = ports.map((_, i) => fork(new URL(import.meta.url), ["member", String(i), ...ports.map(String)]));
  const [inProcesses] = await Promise.all(
    children.map(
      (child) =>
        new Promise<Result[]>((resolve, reject) =>
          child.once("message", (message) => resolve(message as Result[])).once("error", reject),
        ),
    ),
  );
  print("two processes, WebSocket over loopback", inProcesses!);
}
