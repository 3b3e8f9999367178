import { expectAnswer, type Goal, type Measurement, type Row, type Scale } from "../row.ts";
import { type Outcome, warmUp } from "../timely/programs.ts";
import { runInProcesses, runInThreads } from "../timely/run.ts";

function exchange(name: string, size: number, rounds: { threads: number; processes: number }, goals: readonly Goal[]): Row {
  const scaled = (count: number, scale: Scale): number => Math.max(2, Math.ceil(count / { full: 1, brief: 10, tiny: 1000 }[scale]));
  const rate = (outcome: Outcome, count: number): Measurement => {
    expectAnswer(name, { received: outcome.count }, { received: size * (count + warmUp(count)) * 2 });
    return { value: (size * count * 1000) / (outcome.end - outcome.begin) };
  };
  return {
    name,
    work: `integers routed by value between two workers, in rounds of ${size.toLocaleString("en")}; records per worker`,
    unit: "records/s",
    variants: {
      async "2 processes"({ scale }) {
        const count = scaled(rounds.processes, scale);
        return rate(await runInProcesses({ program: "exchange", size, rounds: count }, 2), count);
      },
      async "2 threads"({ scale }) {
        const count = scaled(rounds.threads, scale);
        return rate(await runInThreads({ program: "exchange", size, rounds: count }, 2), count);
      },
    },
    goals,
    limit:
      size < 10_000
        ? "How fast two workers can tell each other that a round is over: two turns of the event loop and the kernel's sockets, or a ring."
        : "Encoding and copying numbers, and the loop that hands them to the program one at a time.",
  };
}

export const exchange1k = exchange("exchange-1k", 1_000, { threads: 10_000, processes: 4_000 }, [
  { variant: "2 processes", of: "timely, 2 processes", atLeast: 1 },
  { variant: "2 threads", of: "timely, 2 workers", atLeast: 0.2 },
]);
export const exchange100k = exchange("exchange-100k", 100_000, { threads: 300, processes: 150 }, [
  { variant: "2 processes", of: "timely, 2 processes", atLeast: 0.5 },
  { variant: "2 threads", of: "timely, 2 workers", atLeast: 0.2 },
]);
