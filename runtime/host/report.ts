/** How a failure is shown to the person at the terminal: one sentence, what to do, and of the user's own code the stack. */
import { fileURLToPath } from "node:url";
import { errorCodes, isWeirError } from "../errors/index.ts";

export function explain(error: unknown): string {
  if (!isWeirError(error)) return `weir: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  const lines = [`weir: ${error.message}`];
  const stack = userStack(error.cause);
  if (stack !== undefined) lines.push(stack);
  lines.push(`  ${errorCodes[error.code]} (${error.code})`);
  return lines.join("\n");
}

/** Where Weir's own files are, and what was installed for it. What lies beside them (examples) is a user's. */
const own = ["runtime/", "cli/", "bin/", "node_modules/"].map((folder) => new URL(`../../${folder}`, import.meta.url));
const ours = own.flatMap((url) => [url.href, fileURLToPath(url)]);

/** The frames of the user's files: ours and Node's say nothing to whoever wrote the flow. */
function userStack(cause: unknown): string | undefined {
  if (!(cause instanceof Error) || cause.stack === undefined || isWeirError(cause)) return undefined;
  const lines = cause.stack.split("\n");
  const isFrame = (line: string): boolean => /^\s+at /.test(line);
  const frames = lines.filter(
    (line) => isFrame(line) && /file:\/\/|[ (]\//.test(line) && !ours.some((path) => line.includes(path)),
  );
  const first = lines.filter((line) => !isFrame(line));
  // A syntax error has no frames; it shows the place itself.
  if (frames.length === 0 && !(cause instanceof SyntaxError || first.length > 2)) return undefined;
  return [...first, ...frames].map((line) => `  ${line}`).join("\n");
}
