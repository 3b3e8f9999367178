/** `--check`: every answer once, one line each, and the count. What is slow is not wrong. */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { Arguments } from "./arguments.ts";
import { type Entrant, entrantsOf } from "./entrants.ts";
import { createProgress } from "./report/progress.ts";

interface Answer {
  readonly fullName: string;
  readonly status: "passed" | "failed" | "skipped";
  readonly failureMessages: readonly string[];
}

/** How many were wrong. */
export async function checkAnswers(args: Arguments): Promise<number> {
  const progress = createProgress();
  const answers: Answer[] = [];
  const asked: [fullName: string, entrant: Entrant][] = [];
  for (const row of args.rows)
    for (const entrant of await entrantsOf(row, args, undefined, progress.say))
      asked.push([`${row.name}, ${entrant.name}`, entrant]);
  // Nobody's time is taken: as many at once as there are cores. The smallest run in this process, one by one.
  const lanes = args.scale === "tiny" ? 1 : Math.min(4, availableParallelism());
  const running = new Set<string>();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (let next = asked.shift(); next !== undefined; next = asked.shift()) {
        const [fullName, entrant] = next;
        running.add(fullName);
        progress.say([...running].join("; "));
        const answer = await ask(fullName, entrant);
        running.delete(fullName);
        const word = { passed: "right", failed: "WRONG", skipped: "skipped" }[answer.status];
        progress.tell([`${word.padEnd(8)} ${fullName}`, ...answer.failureMessages].join("\n         "));
        answers.push(answer);
      }
    }),
  );
  progress.end();
  const count = (status: Answer["status"]): number => answers.filter((answer) => answer.status === status).length;
  console.log(`${count("passed")} answers right, ${count("failed")} wrong, ${count("skipped")} skipped`);
  if (args.count !== undefined) {
    const report = {
      numPassedTests: count("passed"),
      numFailedTests: count("failed"),
      numPendingTests: count("skipped"),
      numTodoTests: 0,
      testResults: [{ name: "bench", status: count("failed") === 0 ? "passed" : "failed", assertionResults: answers }],
    };
    writeFileSync(args.count, JSON.stringify(report));
  }
  return count("failed");
}

async function ask(fullName: string, entrant: Entrant): Promise<Answer> {
  if (entrant.missing !== undefined) return { fullName, status: "skipped", failureMessages: [entrant.missing] };
  try {
    const { value } = await entrant.run();
    if (value > 0) return { fullName, status: "passed", failureMessages: [] };
    throw new Error(`the figure is ${value}`);
  } catch (error) {
    return { fullName, status: "failed", failureMessages: [(error as Error).message] };
  }
}
