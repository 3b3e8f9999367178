import { expectAnswer, type Row, type Scale, type Variant } from "../row.ts";
import { type Outcome, warmUp } from "../timely/programs.ts";
import { runHere, runInProcesses, runInThreads } from "../timely/run.ts";
import type { MemberPlan } from "../timely/member.ts";

const variant =
  (full: number, workers: number, run: (plan: MemberPlan) => Promise<Outcome>): Variant =>
  async ({ scale }: { scale: Scale }) => {
    const rounds = full / { full: 1, brief: 10, tiny: 100 }[scale];
    const outcome = await run({ program: "barrier", size: 0, rounds });
    expectAnswer("barrier", { notified: outcome.count }, { notified: (rounds + warmUp(rounds)) * workers });
    return { value: (rounds * 1000) / (outcome.end - outcome.begin) };
  };

export const barrier: Row = {
  name: "barrier",
  work: "an empty loop whose operator is notified at every time",
  unit: "rounds/s",
  variants: {
    "1 worker": variant(1_000_000, 1, (plan) => runHere(plan, 1)),
    "2 threads": variant(100_000, 2, (plan) => runInThreads(plan, 2)),
    "2 processes": variant(30_000, 2, (plan) => runInProcesses(plan, 2)),
  },
  goals: [
    { variant: "1 worker", of: "timely, 1 worker", atLeast: 0.2 },
    { variant: "2 threads", of: "timely, 2 workers", atLeast: 0.3 },
    { variant: "2 processes", of: "timely, 2 processes", atLeast: 0.8 },
  ],
  limit: "Alone, the cost of one progress update; between workers, the time for a small message to get across and back.",
};
