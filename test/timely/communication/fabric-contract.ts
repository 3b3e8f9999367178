// What every fabric promises, whatever carries it. Each implementation runs this suite from a test of its own.
import { afterEach, describe, expect, test } from "vitest";
import type { DataMessage, Fabric, Message } from "../../../runtime/timely/communication/fabric.ts";
import { createWorker } from "../../../runtime/timely/index.ts";
import { createStation, pause, until, type Station } from "./station.ts";

export interface World {
  readonly fabrics: readonly Fabric[];
  /** Breaks the transport for good; absent where nothing can break. */
  readonly fail?: (error: Error) => void;
  close(): Promise<void> | void;
}

export interface ContractOptions {
  readonly name: string;
  /** `window`: a small credit window, in whatever unit the fabric counts; default its own. */
  readonly make: (peers: number, options: { readonly window?: number }) => Promise<World> | World;
  readonly smallWindow: number;
  /** There is no transport that could break: worlds come without `fail`. */
  readonly unbreakable?: boolean;
  /** It takes integers as they lie, and may be waited for without leaving the thread. */
  readonly shared?: boolean;
}

const progress = (...changes: number[]): Message => ({ kind: "progress", dataflow: 0, changes });
const data = (records: readonly unknown[], channel = 1): DataMessage => ({ kind: "data", dataflow: 0, channel, time: 7, records });

export function fabricContract({ name, make, smallWindow, unbreakable = false, shared = false }: ContractOptions): void {
  /** Declares nothing where a fabric does not promise it. */
  const testShared = shared ? test : () => undefined;
  describe(`${name} keeps the fabric's promises:`, () => {
    let world: World | undefined;
    afterEach(async () => {
      await world?.close();
      world = undefined;
    });
    async function stations(peers: number, options: { readonly window?: number } = {}): Promise<Station[]> {
      world = await make(peers, options);
      return world.fabrics.map(createStation);
    }

    test("each fabric knows its place", async () => {
      const all = await stations(3);
      expect(all.map(({ fabric }) => [fabric.index, fabric.peers])).toEqual([
        [0, 3],
        [1, 3],
        [2, 3],
      ]);
    });

    test("messages come as they were sent, data and progress", async () => {
      const [a, b] = (await stations(2)) as [Station, Station];
      const messages: Message[] = [
        data([
          ["k", 1],
          ["l", 2.5],
          ["м", -0],
        ]),
        { kind: "data", dataflow: 3, channel: 4, time: [[1, 2], 3], records: [{ keys: ["a"], values: [{ x: null }] }] },
        { kind: "data", dataflow: 0, channel: 0, time: 0, records: [] },
        progress(1, 7, -1, 2, 7, 1),
        { kind: "progress", dataflow: 9, changes: [4, [5, 6], 1] },
      ];
      for (const message of messages) a.fabric.send(1, message);
      a.fabric.flush();
      await until(() => b.inbox.length === messages.length, "the messages have arrived");
      expect(b.inbox.map(({ message }) => message)).toStrictEqual(messages);
      expect(b.inbox.every(({ from }) => from === 0)).toBe(true);
      expect(
        b.inbox.map(({ message, weight }) => (message.kind === "data" && message.records.length > 0 ? weight > 0 : weight >= 0)),
      ).not.toContain(false);
      expect(b.inbox[3]!.weight).toBe(0);
    });

    testShared("integers come as the records of a message, between others, and count against credit as those do", async () => {
      const [a, b] = (await stations(2)) as [Station, Station];
      b.consuming = false;
      const values = Int32Array.from({ length: 600 }, (_, i) => (i % 2 === 0 ? i : -(2 ** 31) + i));
      const expected: unknown[] = [];
      for (let round = 0; round < 50; round++) {
        const time = round === 3 ? 2 ** 40 : round;
        const [from, count] = [round, (round * 37) % 500];
        a.fabric.send(1, data([round, "before"]));
        a.fabric.sendIntegers!(1, 5, 6, time, values, from, count);
        a.fabric.send(1, progress(round, time, -1));
        expected.push(data([round, "before"]));
        expected.push({ kind: "data", dataflow: 5, channel: 6, time, records: [...values.subarray(from, from + count)] });
        expected.push(progress(round, time, -1));
      }
      // The memory is the sender's again.
      values.fill(0);
      a.fabric.sendIntegers!(0, 5, 6, 7, values, 0, 2);
      a.fabric.flush();
      await until(() => b.inbox.length === expected.length && a.inbox.length === 1, "the messages have arrived");
      expect(b.inbox.map(({ message }) => message)).toStrictEqual(expected);
      expect(a.inbox[0]!.message).toStrictEqual({ kind: "data", dataflow: 5, channel: 6, time: 7, records: [0, 0] });
      expect(b.inbox.every(({ message, weight }) => (message.kind === "data" ? weight > 0 : weight === 0))).toBe(true);
      expect(a.fabric.outstanding()).toBeGreaterThan(0);
      b.consume();
      await until(() => a.fabric.outstanding() === 0, "all credit is back");
    });

    testShared("who lingers does not wait long for what is not there, and is woken all the same", async () => {
      const [a, b] = (await stations(2)) as [Station, Station];
      const { fabric } = b;
      const linger = fabric.linger!;
      const start = performance.now();
      for (let i = 0; i < 1_000; i++) expect(linger()).toBe(false);
      expect(performance.now() - start).toBeLessThan(500);
      for (let i = 1; i <= 20; i++) {
        await pause(i % 3);
        linger();
        a.fabric.send(1, progress(i));
        a.fabric.flush();
        await until(() => b.inbox.length === i, `message ${i} was noticed`, 2_000);
      }
      expect(linger()).toBe(false);
      fabric.close();
      expect(linger()).toBe(false);
    });

    test("nothing is lost, repeated or overtaken between any two workers, oneself included", async () => {
      const peers = 3;
      const all = await stations(peers);
      const perSender = 600;
      for (let round = 0; round < perSender; round++) {
        for (const { fabric } of all) {
          const target = (round * 7 + fabric.index) % peers;
          const size = round % 50 === 0 ? 5_000 : round % 5;
          if (round % 3 === 0) fabric.broadcast(progress(round));
          else fabric.send(target, data([round, ...Array.from({ length: size }, (_, i) => i)]));
          if (round % 4 === 0) fabric.flush();
        }
        if (round % 100 === 0) await pause(1);
      }
      for (const { fabric } of all) fabric.flush();
      const numbers = (from: number, to: number): number[] =>
        Array.from({ length: perSender }, (_, round) => round).filter(
          (round) => round % 3 === 0 || (round * 7 + from) % peers === to,
        );
      await until(
        () =>
          all.every(
            ({ inbox, fabric }) => inbox.length >= [0, 1, 2].reduce((sum, from) => sum + numbers(from, fabric.index).length, 0),
          ),
        "all has arrived",
      );
      await pause(20);
      for (const { fabric, inbox } of all) {
        for (let from = 0; from < peers; from++) {
          const got = inbox
            .filter((one) => one.from === from)
            .map(({ message }) => (message.kind === "data" ? message.records[0] : message.changes[0]));
          expect(got).toEqual(numbers(from, fabric.index));
        }
      }
    });

    test("a broadcast reaches everyone once, its sender too", async () => {
      const all = await stations(3);
      all[1]!.fabric.broadcast(data(["to all"]));
      all[1]!.fabric.flush();
      await until(() => all.every(({ inbox }) => inbox.length === 1), "everyone has it");
      await pause(10);
      expect(all.map(({ inbox }) => inbox.map(({ from, message }) => [from, (message as DataMessage).records]))).toEqual(
        Array(3).fill([[1, [["to all"]].flat()]]),
      );
    });

    test("one worker alone talks to itself", async () => {
      const [only] = (await stations(1)) as [Station];
      only.fabric.send(0, data([1]));
      only.fabric.broadcast(progress(2));
      only.fabric.flush();
      await until(() => only.inbox.length === 2, "both are back");
      expect(only.inbox.map(({ message }) => message.kind)).toEqual(["data", "progress"]);
    });

    test("messages of many megabytes arrive whole, between small ones", async () => {
      const [a, b] = (await stations(2)) as [Station, Station];
      const large = Array.from({ length: 700_000 }, (_, i) => i / 3);
      a.fabric.send(1, progress(1));
      a.fabric.send(1, data(large));
      a.fabric.send(1, data(["x".repeat(3_000_000)]));
      a.fabric.send(1, progress(2));
      a.fabric.flush();
      await until(() => b.inbox.length === 4, "all four have arrived");
      expect((b.inbox[1]!.message as DataMessage).records).toEqual(large);
      expect((b.inbox[2]!.message as DataMessage).records[0]).toHaveLength(3_000_000);
      expect(b.inbox[3]!.message).toEqual(progress(2));
    });

    test("many small messages arrive in order", async () => {
      const [a, b] = (await stations(2)) as [Station, Station];
      const count = 50_000;
      for (let i = 0; i < count; i++) {
        a.fabric.send(1, progress(i));
        if (i % 1_000 === 0) a.fabric.flush();
      }
      a.fabric.flush();
      await until(() => b.inbox.length === count, "all have arrived");
      expect(b.inbox.every(({ message }, i) => message.kind === "progress" && message.changes[0] === i)).toBe(true);
    });

    test("a parked worker is woken, again and again", async () => {
      const [a, b] = (await stations(2)) as [Station, Station];
      for (let i = 1; i <= 20; i++) {
        await pause(3);
        a.fabric.send(1, progress(i));
        a.fabric.flush();
        await until(() => b.inbox.length === i, `message ${i} was noticed`, 2_000);
      }
      expect(b.wakes).toBeGreaterThan(0);
    });

    test("a sender beyond its window is congested until the receiver has consumed", async () => {
      const [a, b] = (await stations(2, { window: smallWindow })) as [Station, Station];
      b.consuming = false;
      expect(a.fabric.congested()).toBe(false);
      let sent = 0;
      while (!a.fabric.congested()) {
        a.fabric.send(1, data(Array.from({ length: 100 }, (_, i) => i)));
        if (++sent > 1e6) throw new Error("it never is");
      }
      a.fabric.flush();
      await until(() => b.inbox.length === sent, "all has arrived");
      expect(a.fabric.congested()).toBe(true);
      expect(b.fabric.congested()).toBe(false);
      expect(a.fabric.outstanding()).toBeGreaterThan(smallWindow);
      const before = a.wakes;
      b.consume();
      await until(() => !a.fabric.congested(), "the congestion has ended");
      await until(() => a.wakes > before, "the sender was woken");
      await until(() => a.fabric.outstanding() === 0, "all credit is back");
    });

    test("credit holds for what one sends to oneself", async () => {
      const [a] = (await stations(2, { window: smallWindow })) as [Station];
      a.consuming = false;
      let sent = 0;
      while (!a.fabric.congested() && sent++ < 1e6) a.fabric.send(0, data(Array.from({ length: 100 }, (_, i) => i)));
      a.fabric.flush();
      await until(() => a.inbox.length > 0, "they are back");
      expect(a.fabric.congested()).toBe(true);
      a.step();
      const before = a.wakes;
      a.consume();
      await until(() => !a.fabric.congested() && a.wakes > before, "the congestion has ended, and it was told");
      expect(a.fabric.outstanding()).toBe(0);
    });

    test.each([
      ["directly", Infinity],
      ["through one of them", 2],
    ])("workers complete a dataflow over it when their progress goes %s", async (_, manyWorkers) => {
      world = await make(3, {});
      const workers = world.fabrics.map((fabric) => createWorker({ fabric, clock: Date.now, manyWorkers }));
      const left: number[] = [];
      const built = workers.map((worker) =>
        worker.dataflow((scope) => {
          const [input, stream] = scope.newInput<number>();
          const out = scope.iterative((nested) => {
            const [again, round] = nested.feedback<number>([0, 1]);
            const { trues, falses } = stream
              .enter(nested)
              .concat(round)
              .exchange((value) => value)
              .map((value) => value - 1)
              .branch((_time, value) => value > 0);
            again.connect(trues);
            return falses.leave(scope);
          });
          return { input, probe: out.inspect(() => left.push(0)).probe() };
        }),
      );
      const alive = (): boolean[] => workers.map((worker) => worker.step());
      for (let time = 1; time <= 20; time++) {
        for (const { input } of built) {
          input.sendBatch([1, 4, 9]);
          input.advanceTo(time);
        }
        await until(() => {
          alive();
          return built.every(({ probe }) => !probe.lessThan(time));
        }, `all have finished what came before time ${time}`);
        expect(left).toHaveLength(9 * time);
      }
      for (const { input } of built) input.close();
      await until(() => !alive().includes(true), "the dataflow has completed");
    });

    test("progress needs no credit", async () => {
      const [a, b] = (await stations(2, { window: smallWindow })) as [Station, Station];
      b.consuming = false;
      for (let i = 0; i < smallWindow; i++) a.fabric.send(1, progress(i, i, i));
      a.fabric.flush();
      await until(() => b.inbox.length === smallWindow, "all has arrived");
      expect(a.fabric.congested()).toBe(false);
      expect(a.fabric.outstanding()).toBe(0);
    });

    test("workers that send to each other without consuming do not lock up", async () => {
      const all = (await stations(2, { window: smallWindow })) as [Station, Station];
      for (const one of all) one.consuming = false;
      const count = 400;
      for (let i = 0; i < count; i++) {
        for (const { fabric } of all) {
          fabric.send(1 - fabric.index, data(Array.from({ length: 1_000 }, (_, j) => j * i)));
          fabric.flush();
        }
      }
      await until(() => all.every(({ inbox }) => inbox.length === count), "all has arrived on both sides");
      expect(all.map(({ fabric }) => fabric.congested())).toEqual([true, true]);
    });

    test("what was flushed before closing arrives; nothing is delivered after it", async () => {
      const [a, b] = (await stations(2)) as [Station, Station];
      for (let i = 0; i < 200; i++) a.fabric.send(1, data(Array.from({ length: 5_000 }, (_, j) => i + j / 3)));
      a.fabric.flush();
      a.fabric.close();
      await until(() => b.inbox.length === 200, "all has arrived");
      b.fabric.send(0, progress(1));
      b.fabric.flush();
      a.fabric.send(1, progress(1));
      a.fabric.flush();
      await pause(20);
      a.step();
      expect(a.inbox).toEqual([]);
      expect(b.inbox).toHaveLength(200);
      expect([...a.failures, ...b.failures]).toEqual([]);
      a.fabric.close();
    });

    if (unbreakable) return;
    test("a failure is reported once, and nothing is delivered after it", async () => {
      const [a, b] = (await stations(2)) as [Station, Station];
      const fail = world!.fail!;
      a.fabric.send(1, progress(1));
      a.fabric.flush();
      await until(() => b.inbox.length === 1, "the first has arrived");
      fail(new Error("the cable is cut"));
      fail(new Error("once more"));
      await until(() => a.failures.length > 0 && b.failures.length > 0, "both have failed");
      a.fabric.send(1, progress(2));
      a.fabric.flush();
      await pause(30);
      b.step();
      expect(b.inbox).toHaveLength(1);
      expect(a.failures).toHaveLength(1);
      expect(b.failures).toHaveLength(1);
      expect(b.failures[0]!.message).toContain("the cable is cut");
      expect(b.fabric.receive(() => expect.unreachable())).toBe(false);
      // Who asks late is told, too.
      await new Promise<Error>((resolve) => a.fabric.onFailure(resolve));
    });
  });
}
