/** `--check`: every answer once, one line each, and the count. What is slow is not wrong. */
import { writeFileSync } from "node:fs";
import type { Arguments } from "./arguments.ts";
import { entrantsOf } from "./entrants.ts";
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
  for (const row of args.rows) {
    for (const entrant of await entrantsOf(row, args, undefined, progress.say)) {
      const fullName = `${row.name}, ${entrant.name}`;
      progress.say(fullName);
      const answer = await ask(fullName, entrant);
      const word = { passed: "right", failed: "WRONG", skipped: "skipped" }[answer.status];
      progress.tell([`${word.padEnd(8)} ${fullName}`, ...answer.failureMessages].join("\n         "));
      answers.push(answer);
    }
  }
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

async function ask(fullName: string, entrant: Awaited<ReturnType<typeof entrantsOf>>[number]): Promise<Answer> {
  if (entrant.missing !== undefined) return { fullName, status: "skipped", failureMessages: [entrant.missing] };
  try {
    const { value } = await entrant.run();
    if (value > 0) return { fullName, status: "passed", failureMessages: [] };
    throw new Error(`the figure is ${value}`);
  } catch (error) {
    return { fullName, status: "failed", failureMessages: [(error as Error).message] };
  }
}
