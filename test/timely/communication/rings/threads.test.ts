// Rings between real worker threads.
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, test } from "vitest";
import { WeirError } from "../../../../runtime/errors/index.ts";
import { abortRings, createRings, type RingOptions } from "../../../../runtime/timely/communication/rings/index.ts";
import { until } from "../station.ts";

interface Report {
  done?: number;
  failed?: string;
  code?: string;
  error?: Error;
}
let threads: Worker[] = [];
afterEach(async () => {
  await Promise.all(threads.map((thread) => thread.terminate()));
  threads = [];
});

function start(options: RingOptions, rounds: number, slow: (thread: number) => boolean = () => false) {
  const rings = createRings(options);
  const reports: Report[] = [];
  threads = Array.from({ length: options.workers }, (_, thread) => {
    const worker = new Worker(new URL("./member.ts", import.meta.url), {
      workerData: { rings, thread, rounds, slow: slow(thread) },
    });
    worker.on("message", (report: Report) => (reports[thread] = { ...reports[thread], ...report }));
    worker.on("error", (error) => (reports[thread] = { error: error as Error }));
    return worker;
  });
  const all = (what: (report: Report) => boolean): boolean =>
    Array.from(threads, (_, i) => reports[i]).every((one) => one !== undefined && what(one));
  return { rings, reports, all };
}

describe("worker threads", () => {
  test.each([
    ["over rings with room", { workers: 3 }],
    ["over rings smaller than most messages", { workers: 3, capacity: 512 }],
    ["within little credit", { workers: 2, window: 20_000 }],
  ])("exchange everything once, in order, %s", async (_, options) => {
    const { reports, all } = start(options, 400);
    await until(() => all((report) => report.done !== undefined || report.error !== undefined), "all threads are done", 25_000);
    expect(reports.map(({ error }) => error)).toEqual(reports.map(() => undefined));
  });

  test("that are slow hold up those who send to them", async () => {
    const window = 30_000;
    const { reports, all } = start({ workers: 2, window }, 300, (thread) => thread === 1);
    await until(() => all((report) => report.done !== undefined || report.error !== undefined), "all threads are done", 25_000);
    expect(reports.map(({ error }) => error)).toEqual([undefined, undefined]);
    // One burst may go over the window: five batches of at most 900 records.
    for (const { done } of reports) expect(done).toBeLessThan(2 * (window + 5 * 900 * 20));
  });

  test("all learn that one of them has died", async () => {
    const { rings, reports } = start({ workers: 3 }, 1e9);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await threads[1]!.terminate();
    abortRings(rings, new WeirError("WEIR_PEER_LOST", "worker thread 1 has died"));
    await until(() => [0, 2].every((thread) => reports[thread]?.failed !== undefined), "the others have failed");
    for (const thread of [0, 2]) expect(reports[thread]).toEqual({ failed: "worker thread 1 has died", code: "WEIR_PEER_LOST" });
  });

  test("end when they have closed their fabrics", async () => {
    const { all } = start({ workers: 2 }, 10);
    await until(() => all((report) => report.done !== undefined), "all threads are done");
    const exits = threads.map((thread) => new Promise((resolve) => thread.once("exit", resolve)));
    for (const thread of threads) thread.postMessage("close");
    expect(await Promise.all(exits)).toEqual([0, 0]);
  });
});
