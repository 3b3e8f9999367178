/** How a failure is shown to the person at the terminal: one sentence, what to do, and of the user's own code the stack. */
import { errorCodes, isWeirError } from "../errors/index.ts";

export function explain(error: unknown): string {
  if (!isWeirError(error)) return `weir: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  const lines = [`weir: ${error.message}`];
  const stack = userStack(error.cause);
  if (stack !== undefined) lines.push(stack);
  lines.push(`  ${errorCodes[error.code]} (${error.code})`);
  return lines.join("\n");
}

/** The frames of the user's files: ours and Node's say nothing to whoever wrote the flow. */
function userStack(cause: unknown): string | undefined {
  if (!(cause instanceof Error) || cause.stack === undefined || isWeirError(cause)) return undefined;
  const ours = new URL("..", import.meta.url).href;
  const frames = cause.stack.split("\n").filter((line) => /^\s+at /.test(line) && !line.includes(ours) && !line.includes("node:"));
  const first = cause.stack.split("\n").filter((line) => !/^\s+at /.test(line));
  if (frames.length === 0 && first.length < 2) return undefined;
  return [...first, ...frames].map((line) => `  ${line}`).join("\n");
}
