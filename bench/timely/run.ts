/** Runs a timely program on workers in this thread, on threads over rings, or on processes over loopback. */
import { type ChildProcess, fork } from "node:child_process";
import { Worker } from "node:worker_threads";
import { freePorts } from "../../runtime/host/free-ports.ts";
import { createThreadFabrics } from "../../runtime/timely/communication/thread.ts";
import { createRings } from "../../runtime/timely/communication/rings/index.ts";
import { type MemberPlan, runProgram, type ThreadPlan } from "./member.ts";
import type { Outcome } from "./programs.ts";

const entry = new URL("./member.ts", import.meta.url);

/** Workers that take turns in this thread. */
export async function runHere(plan: MemberPlan, workers: number): Promise<Outcome> {
  return together(await Promise.all(createThreadFabrics(workers).map((fabric) => runProgram(fabric, plan))));
}

/** One outcome for all: from the first to begin to the last to end. */
export async function runInThreads(plan: MemberPlan, threads: number): Promise<Outcome> {
  const rings = createRings({ workers: threads });
  const outcomes = await Promise.all(
    Array.from(
      { length: threads },
      (_, thread) =>
        new Promise<Outcome>((resolve, reject) => {
          const workerData: ThreadPlan = { ...plan, rings, thread };
          new Worker(entry, { workerData }).once("message", resolve).once("error", reject);
        }),
    ),
  );
  return together(outcomes);
}

export async function runInProcesses(plan: MemberPlan, processes: number): Promise<Outcome> {
  const ports = await freePorts(processes);
  const children = ports.map((_, place) => fork(entry, [JSON.stringify(plan), String(place), ...ports.map(String)]));
  try {
    const outcomes = await Promise.all(
      children.map(
        (child) =>
          new Promise<Outcome>((resolve, reject) => {
            child.once("message", (message) => resolve(message as Outcome)).once("error", reject);
            child.once("exit", (code) => reject(new Error(`a process ended with status ${code}`)));
          }),
      ),
    );
    await Promise.all(children.map(farewell));
    return together(outcomes);
  } finally {
    for (const child of children) if (child.exitCode === null) child.kill("SIGKILL");
  }
}

function farewell(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.removeAllListeners("exit");
    child.once("exit", () => resolve());
    child.send("all have finished");
  });
}

const together = (outcomes: readonly Outcome[]): Outcome => ({
  begin: Math.min(...outcomes.map(({ begin }) => begin)),
  end: Math.max(...outcomes.map(({ end }) => end)),
  count: outcomes.reduce((sum, { count }) => sum + count, 0),
});
