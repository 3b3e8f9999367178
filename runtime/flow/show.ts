/** A value as an error message shows it: short, on one line, never failing. */
import { inspect } from "node:util";

export function show(value: unknown): string {
  let text: string;
  try {
    text = inspect(value, { depth: 2, breakLength: Infinity, maxArrayLength: 10, maxStringLength: 120 });
  } catch {
    text = Object.prototype.toString.call(value);
  }
  return text.length <= 200 ? text : `${text.slice(0, 197)}...`;
}
