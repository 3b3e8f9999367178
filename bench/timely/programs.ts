/** Timely's own example programs, as its authors wrote them: exchange and barrier. Each warms up by itself before its clock starts. */
import { pipeline } from "../../runtime/timely/index.ts";
import type { Stepper } from "./stepper.ts";

export interface Outcome {
  /** Milliseconds since the Unix epoch. */
  readonly begin: number;
  readonly end: number;
  /** Records received or notifications, those of the warm-up included. */
  readonly count: number;
}
/** Rounds that go before, so that the clock starts on compiled code. */
export const warmUp = (rounds: number): number => Math.ceil(rounds / 5);

const instant = (): number => performance.timeOrigin + performance.now();

export const programs = {
  /** Every worker sends the integers below `size` in each round, routed by value, and steps until the round is through. */
  async exchange({ worker, until }: Stepper, size: number, rounds: number): Promise<Outcome> {
    let count = 0;
    const [input, probe] = worker.dataflow((scope) => {
      const [handle, stream] = scope.newInput<number>();
      return [
        handle,
        stream
          .exchange((value) => value)
          .inspect(() => {
            count++;
          })
          .probe(),
      ] as const;
    });
    const warm = warmUp(rounds);
    let begin = instant();
    for (let round = 0; round < warm + rounds; round++) {
      if (round === warm) begin = instant();
      for (let i = 0; i < size; i++) input.send(i);
      input.advanceTo(round + 1);
      await until(() => !probe.lessThan(round + 1));
    }
    const end = instant();
    input.close();
    await until((alive) => !alive);
    return { begin, end, count };
  },

  /** An empty loop whose operator is notified at every time: progress tracking and scheduling alone. */
  async barrier({ worker, until }: Stepper, _size: number, rounds: number): Promise<Outcome> {
    let count = 0;
    const warm = warmUp(rounds);
    let begin = instant();
    worker.dataflow((scope) => {
      const [handle, loop] = scope.feedback<null>(1);
      const stream = loop.unaryNotify<null>(pipeline, "barrier", [0], (_input, _output, notificator, capabilities) => {
        for (const capability of capabilities) {
          count++;
          if (capability.time === warm) begin = instant();
          if (capability.time < warm + rounds - 1) notificator.notifyAt(capability.delayed(capability.time + 1));
          capability.drop();
        }
      });
      handle.connect(stream);
    });
    await until((alive) => !alive);
    return { begin, end: instant(), count };
  },
} as const;
