/**
 * The public surface: a program written against the declarations that users compile against runs on the implementation, and the
 * types of the two are the same. The checker finds a difference in types; the test finds one in behaviour.
 */
import type * as contract from "weir-contract/timely";
import { describe, expect, test } from "vitest";
import * as timely from "weir/timely";

type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
type Mutual<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
function holds<_Claim extends true>(): void {}

// Plain words are the same types; interfaces take each other's values, in both directions.
holds<Same<contract.Time, timely.Time>>();
holds<Same<contract.Summary, timely.Summary>>();
holds<Same<contract.Pact<string>, timely.Pact<string>>>();
holds<Mutual<contract.Worker, timely.Worker>>();
holds<Mutual<contract.Scope<number>, timely.Scope<number>>>();
holds<Mutual<contract.Scope<readonly [number, number]>, timely.Scope<readonly [number, number]>>>();
holds<Mutual<contract.InputHandle<string, number>, timely.InputHandle<string, number>>>();
holds<Mutual<contract.FeedbackHandle<string, number>, timely.FeedbackHandle<string, number>>>();
holds<Mutual<contract.ProbeHandle<number>, timely.ProbeHandle<number>>>();
holds<Mutual<contract.Capability<number>, timely.Capability<number>>>();
holds<Mutual<contract.OutputSession<string>, timely.OutputSession<string>>>();
holds<Mutual<contract.InputPort<string, number>, timely.InputPort<string, number>>>();
holds<Mutual<contract.OutputPort<string, number>, timely.OutputPort<string, number>>>();
holds<Mutual<contract.Notificator<number>, timely.Notificator<number>>>();
holds<Mutual<contract.TimelyStream<string>, timely.TimelyStream<string>>>();
holds<Mutual<contract.CaptureLog<string, number>, timely.CaptureLog<string, number>>>();
holds<Mutual<contract.CaptureLog<string, number>, timely.CaptureLog<string, number>>>();
holds<Mutual<typeof contract.pipeline, typeof timely.pipeline>>();
holds<Mutual<typeof contract.exchange, typeof timely.exchange>>();
holds<Mutual<typeof contract.execute, typeof timely.execute>>();
holds<Mutual<keyof contract.TimelyStream<string>, keyof timely.TimelyStream<string>>>();

// The implementation seen as nothing but the contract.
const { execute, exchange, pipeline }: typeof contract = timely;

describe("a program against the contract", () => {
  test("uses every operator, in the root scope and in a nested one", async () => {
    const results = await execute({ workers: 2 }, async (worker) => {
      const sums: number[] = [];
      const { input, ticks, probe, log } = worker.dataflow((scope) => {
        const [handle, numbers] = scope.newInput<number>();
        const [tickHandle, tickStream] = scope.newInput<null>();
        const collatz = scope.iterative((nested) => {
          const [loop, again] = nested.feedback<number>([0, 1]);
          const { trues, falses } = numbers
            .enter(nested)
            .concat(again)
            .inspectTime((time: readonly [number, number]) => void time)
            .branch((_time, x) => x > 1);
          loop.connect(trues.map((x) => (x % 2 === 0 ? x / 2 : 3 * x + 1)));
          return falses.leave(scope);
        });
        const joined = numbers.binary<number, string>(
          numbers.broadcast(),
          exchange((x) => x),
          pipeline,
          "pairs",
          (initial) => {
            initial.drop();
            return (left, right, output) => {
              left.forEach((capability, batch) =>
                output.session(capability, (session) => batch.forEach((x) => session.give(`left ${x}`))),
              );
              right.forEach((capability, batch) => {
                const kept = capability.retain();
                output.session(kept, (session) => session.giveBatch(batch.map(String)));
                kept.drop();
              });
            };
          },
        );
        const even = numbers.partition(2, (x) => [x % 2, x])[0]!.filter((x) => x > 0);
        const counts = collatz
          .exchange(() => 0)
          .count()
          .inspect((sum) => sums.push(sum));
        const everything: contract.TimelyStream<string> = scope.concatenate(
          counts.map((x) => `count ${x}`),
          even.flatMap((x) => [`even ${x}`]),
          joined.delay((_, time) => time + 1),
          numbers
            .reclock(tickStream)
            .accumulate(
              () => 0,
              (sum, batch) => sum + batch.length,
            )
            .map((x) => `released ${x}`),
          numbers
            .aggregate(
              (x) => x % 3,
              () => 0,
              (sum, x) => sum + x,
              (key, sum) => `sum ${key} ${sum}`,
              (key) => key,
            )
            .stateMachine(
              (x) => x.slice(0, 5),
              () => 0,
              (_, x, seen) => ({ state: seen + 1, done: false, out: [`${x} #${seen}`] }),
              () => 0,
            ),
          numbers.unaryNotify<string>(pipeline, "ends", [0], (port, output, _notificator, notified) => {
            port.forEach(() => undefined);
            for (const capability of notified) {
              output.session(capability, (session) => session.give("end"));
              capability.drop();
            }
          }),
        );
        return { input: handle, ticks: tickHandle, probe: everything.probe(), log: everything.capture() };
      });
      for (const x of [6, 7]) input.send(x + worker.index);
      input.sendBatch([1]);
      ticks.send(null);
      input.advanceTo(1);
      ticks.advanceTo(1);
      await worker.stepWhile(() => probe.lessThan(1));
      input.close();
      ticks.close();
      await worker.stepWhile(() => !probe.done());
      return { sums, items: log.extract().flatMap(([time, items]) => items.map((item) => `${time} ${item}`)) };
    });
    expect(results.map(({ sums }) => sums)).toEqual([[6], []]);
    const items = results.flatMap((result) => result.items);
    const count = (pattern: RegExp) => items.filter((item) => pattern.test(item)).length;
    expect(count(/^0 count 6$/)).toBe(1);
    expect(count(/^0 even/)).toBe(2);
    expect(count(/^1 left/)).toBe(6);
    expect(count(/^1 \d+$/)).toBe(12);
    expect(count(/^0 released 3$/)).toBe(2);
    expect(items.filter((item) => item.startsWith("0 sum")).toSorted()).toEqual(["0 sum 0 6 #0", "0 sum 1 16 #0", "0 sum 2 8 #0"]);
    expect(count(/^0 end$/)).toBe(2);
  });
});
