// What goes through an exchange comes out as it went in, whatever kinds of records follow each other, over every fabric.
import { afterEach, describe, expect, test } from "vitest";
import type { Fabric } from "../../../runtime/timely/communication/fabric.ts";
import { createRings, openRings } from "../../../runtime/timely/communication/rings/index.ts";
import { createThreadFabrics } from "../../../runtime/timely/communication/thread.ts";
import { createWorker } from "../../../runtime/timely/index.ts";
import { until } from "../communication/station.ts";
import { seededRandom } from "../shuffling-fabric.ts";

let fabrics: readonly Fabric[] = [];
afterEach(() => fabrics.forEach((fabric) => fabric.close()));

const rings = (workers: number, capacity?: number) => {
  const setup = createRings({ workers, ...(capacity === undefined ? {} : { capacity }) });
  return Array.from({ length: workers }, (_, thread) => openRings(setup, thread));
};
const over = {
  "queues of one thread": createThreadFabrics,
  rings: (workers: number) => rings(workers),
  "rings smaller than a batch": (workers: number) => rings(workers, 512),
};

type Epoch = { readonly time: number; readonly records: readonly unknown[] };

/** Sends the epochs of each worker and gives what came out on each, by time. */
async function exchanged(sent: readonly (readonly Epoch[])[], route: (record: unknown) => number) {
  const workers = fabrics.map((fabric) => createWorker({ fabric, clock: Date.now }));
  const out = workers.map(() => new Map<number, unknown[]>());
  const inputs = workers.map((worker, w) =>
    worker.dataflow((scope) => {
      const [input, stream] = scope.newInput<unknown>();
      stream.exchange(route).inspectTime((time, record) => {
        if (!out[w]!.has(time)) out[w]!.set(time, []);
        out[w]!.get(time)!.push(record);
      });
      return input;
    }),
  );
  sent.forEach((epochs, w) => {
    for (const { time, records } of epochs) {
      inputs[w]!.advanceTo(time);
      records.forEach((record) => inputs[w]!.send(record));
    }
    inputs[w]!.close();
  });
  await until(() => workers.map((worker) => worker.step()).every((alive) => !alive), "the dataflows have completed");
  return out;
}

const hash = (record: unknown): number =>
  typeof record === "number" ? Math.trunc(Math.abs(record)) % 1000 : String(record).length;

const kinds: readonly ((random: () => number) => unknown)[] = [
  (random) => Math.floor(random() * 100),
  (random) => Math.floor(random() * 2 ** 32) - 2 ** 31,
  (random) => random() * 100,
  () => -0,
  (random) => Math.floor(random() * 2 ** 40),
  (random) => `k${Math.floor(random() * 50)}`,
  (random) => [Math.floor(random() * 9)],
];

describe.each(Object.entries(over))("an exchange over %s", (_, make) => {
  test.each([1, 2, 3, 4])("keeps numbers of all kinds, and other records between them (seed %i)", async (seed) => {
    const random = seededRandom(seed);
    const peers = 2 + (seed & 1);
    fabrics = make(peers);
    const sent = Array.from({ length: peers }, () =>
      [0, 1, 5, 2 ** 33].map((time) => {
        // The first epochs are small integers alone; what follows changes its kind in the midst of batches.
        const records: unknown[] = [];
        while (records.length < 3_000) {
          const kind = time === 0 ? kinds[0]! : kinds[Math.floor(random() * (time === 1 ? 2 : kinds.length))]!;
          for (let run = Math.floor(random() * 700); run >= 0; run--) records.push(kind(random));
        }
        return { time, records };
      }),
    );
    const got = await exchanged(sent, hash);
    const text = (records: readonly unknown[]): string[] =>
      records.map((record) => (Object.is(record, -0) ? "-0" : JSON.stringify(record))).sort();
    for (let worker = 0; worker < peers; worker++) {
      for (const { time } of sent[0]!) {
        const expected = sent.flatMap((epochs) => epochs.find((epoch) => epoch.time === time)!.records);
        expect(text(got[worker]!.get(time) ?? [])).toEqual(text(expected.filter((record) => hash(record) % peers === worker)));
      }
    }
  });

  test("keeps the order in which one worker sends to another", async () => {
    fabrics = make(2);
    const sent = [0, 1].map((w) => [
      {
        time: 0,
        records: Array.from({ length: 5_000 }, (_, i) => (i > 2_500 && i % 7 === 0 ? `${2 * i + w}` : 2 * i + w)),
      },
    ]);
    const got = await exchanged(sent, (record) => Number(record) >> 3);
    for (const out of got) {
      for (const w of [0, 1]) {
        const numbers = out
          .get(0)!
          .map(Number)
          .filter((number) => (number & 1) === w); // oxlint-disable-line unicorn/no-array-callback-reference
        expect(numbers).toEqual(numbers.toSorted((x, y) => x - y));
        expect(numbers.length).toBe(2_500);
      }
    }
  });

  test("takes what a route sends while it routes, and batches that their sender changes afterwards", async () => {
    fabrics = make(2);
    const workers = fabrics.map((fabric) => createWorker({ fabric, clock: Date.now }));
    const got: number[] = [];
    const inputs = workers.map((worker, w) =>
      worker.dataflow((scope) => {
        const [input, stream] = scope.newInput<number>();
        stream
          .exchange((record) => {
            if (record < 3_000) inputs[w]!.send(record + 10_000);
            return record;
          })
          .inspect((record) => void got.push(record));
        return input;
      }),
    );
    const batch = Array.from({ length: 2_000 }, (_, i) => i);
    inputs[0]!.sendBatch(batch);
    batch.fill(7);
    for (let i = 2_000; i < 3_000; i++) inputs[1]!.send(i);
    workers.forEach((worker) => worker.step());
    inputs.forEach((input) => input.close());
    await until(() => workers.map((worker) => worker.step()).every((alive) => !alive), "the dataflows have completed");
    const expected = Array.from({ length: 3_000 }, (_, i) => [i, i + 10_000]).flat();
    expect(got.toSorted((x, y) => x - y)).toEqual(expected.toSorted((x, y) => x - y));
  });

  test("keeps integers whose route sends something else meanwhile", async () => {
    fabrics = make(2);
    const workers = fabrics.map((fabric) => createWorker({ fabric, clock: Date.now }));
    const got: unknown[] = [];
    const inputs = workers.map((worker, w) =>
      worker.dataflow((scope) => {
        const [input, stream] = scope.newInput<unknown>();
        stream
          .exchange((record) => {
            if (record === 700) {
              inputs[w]!.send("between");
              inputs[w]!.flush();
            }
            return Number(record) || 0;
          })
          .inspect((record) => void got.push(record));
        return input;
      }),
    );
    for (let i = 0; i < 2_000; i++) inputs[0]!.send(i);
    inputs.forEach((input) => input.close());
    await until(() => workers.map((worker) => worker.step()).every((alive) => !alive), "the dataflows have completed");
    expect(got).toHaveLength(2_001);
    expect(new Set(got).size).toBe(2_001);
  });

  test("names the worker's route when it gives no number", async () => {
    fabrics = make(2);
    await expect(
      exchanged([[{ time: 0, records: [1, 2, 3] }], []], (record) => (record === 3 ? Number.NaN : 1)),
    ).rejects.toMatchObject({
      code: "WEIR_TIMELY_ROUTE",
    });
  });
});
