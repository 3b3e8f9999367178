/** The loop around a worker: turns for the event loop, parking, waking, and how it ends. */
import { describe, expect, test } from "vitest";
import { createThreadFabrics } from "../../runtime/timely/communication/thread.ts";
import type { Fabric } from "../../runtime/timely/communication/fabric.ts";
import { buildOperator, createWorker, runWorker, type OperatorContext, type Scope } from "../../runtime/timely/index.ts";

const newWorker = (fabric: Fabric = createThreadFabrics(1)[0]!) => createWorker({ fabric, clock: Date.now });

/** An operator without inputs that does what `body` says whenever it runs. */
function source(scope: Scope<number>, body: (context: OperatorContext<number>) => void): void {
  buildOperator<number>(scope, { name: "source", inputs: [], outputs: 1 }, (context) => () => body(context));
}

describe("runWorker", () => {
  test("resolves when all dataflows have completed", async () => {
    const worker = newWorker();
    let runs = 0;
    worker.dataflow((scope) =>
      source(scope, ({ runAgain, initial }) => {
        if (++runs < 1000) runAgain();
        else initial[0]!.drop();
      }),
    );
    await runWorker(worker);
    expect(runs).toBe(1000);
  });

  test("gives the event loop its turn while it is busy", async () => {
    const worker = newWorker();
    let ended = false;
    worker.dataflow((scope) => source(scope, ({ runAgain, initial }) => (ended ? initial[0]!.drop() : runAgain())));
    setTimeout(() => (ended = true), 20);
    const start = performance.now();
    await runWorker(worker);
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  test("goes on in its turn with what comes while it lingers", async () => {
    const fabrics = createThreadFabrics(2);
    const far = createWorker({ fabric: fabrics[1]!, clock: Date.now });
    let lingered = 0;
    let turns = 0;
    const fabric: Fabric = Object.assign(Object.create(fabrics[0]!) as Fabric, {
      peers: 2,
      receive: (deliver: Parameters<Fabric["receive"]>[0]) => fabrics[0]!.receive(deliver),
      linger() {
        far.step();
        return ++lingered < 20;
      },
    });
    for (const method of ["send", "broadcast", "consumed", "flush", "congested", "outstanding", "onArrival", "onFailure"] as const)
      Object.assign(fabric, { [method]: (fabrics[0]![method] as (...given: unknown[]) => unknown).bind(fabrics[0]) });
    const worker = createWorker({ fabric, clock: Date.now });
    const build = (scope: Scope<number>) => {
      const [input, stream] = scope.newInput<number>();
      const probe = stream.exchange((value) => value).probe();
      return { input, probe };
    };
    const here = worker.dataflow(build);
    const there = far.dataflow(build);
    here.input.close();
    there.input.close();
    const immediate = setImmediate(() => turns++);
    await runWorker(worker);
    clearImmediate(immediate);
    expect(here.probe.done()).toBe(true);
    expect(lingered).toBeGreaterThan(0);
    expect(turns).toBe(0);
  });

  test("parks without a step until a promise, an input or a timer wakes it", async () => {
    const worker = newWorker();
    let runs = 0;
    let activate!: () => void;
    const input = worker.dataflow((scope) => {
      const [handle, stream] = scope.newInput<number>();
      stream.inspect(() => undefined);
      source(scope, (context) => {
        activate ??= context.activate;
        if (++runs === 3) context.activateAt(Date.now() + 30);
        if (runs === 4) context.initial[0]!.drop();
      });
      return handle;
    });
    const done = runWorker(worker);
    const rest = () => new Promise((resolve) => setTimeout(resolve, 10));
    await rest();
    expect(runs).toBe(1);
    activate();
    await rest();
    expect(runs).toBe(2);
    activate();
    await rest();
    expect([runs, worker.busy()]).toEqual([3, false]);
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(runs).toBe(4);
    input.close();
    await done;
  });

  test("stops when it is told to, with dataflows unfinished", async () => {
    const worker = newWorker();
    let stop = false;
    const input = worker.dataflow((scope) => scope.newInput<number>()[0]);
    const done = runWorker(worker, { until: () => stop });
    await new Promise((resolve) => setTimeout(resolve, 5));
    stop = true;
    input.advanceTo(1);
    await done;
    expect(worker.step()).toBe(true);
  });

  test("rejects with what an operator throws, and with the failure of the fabric", async () => {
    const broken = newWorker();
    broken.dataflow((scope) =>
      source(scope, () => {
        throw new Error("broken operator");
      }),
    );
    await expect(runWorker(broken)).rejects.toThrow("broken operator");

    let fail!: (error: Error) => void;
    const fabric = Object.assign(Object.create(createThreadFabrics(1)[0]!) as Fabric, {
      onFailure: (listener: typeof fail) => (fail = listener),
    });
    const plain = createThreadFabrics(1)[0]!;
    const worker = newWorker(plain);
    worker.dataflow((scope) => scope.newInput<number>());
    const done = runWorker(worker, { fabric });
    setTimeout(() => fail(new Error("peer lost")), 5);
    await expect(done).rejects.toThrow("peer lost");
  });

  test("runs workers next to each other on one event loop", async () => {
    const seen: number[] = [];
    const workers = createThreadFabrics(2).map((fabric) => newWorker(fabric));
    for (const worker of workers) {
      worker.dataflow((scope) => {
        const [input, stream] = scope.newInput<number>();
        stream.exchange((x) => x).inspect((x) => seen.push(x));
        if (worker.index === 0) setTimeout(() => (input.sendBatch([0, 1, 2, 3]), input.close()), 10);
        else input.close();
      });
    }
    await Promise.all(workers.map((worker) => runWorker(worker)));
    expect(seen.toSorted()).toEqual([0, 1, 2, 3]);
  });
});
