/**
 * How a file of text is cut into records and what a record is. `cut` works on bytes, so that positions are exact whatever
 * the characters; `parse` gets whole records only, so that no character is ever torn.
 */
import { WeirError } from "../errors/index.ts";

export interface TextFormat {
  /** The end of the last complete record of buffer[from, to), at most `max` of them; `from` when there is none. */
  cut(buffer: Uint8Array, from: number, to: number, max: number): number;
  /** The values in `text`, whole records. `line` is the number of lines before it. */
  parse(text: string, path: string, line: number): unknown[];
  /** For formats whose first record describes the others: called with it, on a resume too. Without it there is no such record. */
  header?(text: string, path: string): void;
}

const newline = 10;

/** Ends of lines are records' ends. */
export function cutLines(buffer: Uint8Array, from: number, to: number, max: number): number {
  let end = from;
  let lines = 0;
  for (let i = from; i < to; i++) {
    if (buffer[i] !== newline) continue;
    end = i + 1;
    if (++lines === max) break;
  }
  return end;
}

/** Lines without their "\n" or "\r\n". */
export function splitLines(text: string): string[] {
  const lines = text.split("\n");
  if (text.endsWith("\n")) lines.pop();
  if (!text.includes("\r")) return lines;
  for (let i = 0; i < lines.length; i++) if (lines[i]!.endsWith("\r")) lines[i] = lines[i]!.slice(0, -1);
  return lines;
}

export const linesFormat: TextFormat = { cut: cutLines, parse: splitLines };

/** A JSON value per line; blank lines are skipped. */
export const jsonlFormat: TextFormat = {
  cut: cutLines,
  parse(text, path, line) {
    const values: unknown[] = [];
    const lines = splitLines(text);
    for (let i = 0; i < lines.length; i++) {
      const json = lines[i]!;
      try {
        values.push(JSON.parse(json));
      } catch (error) {
        if (json.trim() !== "") throw badRecord(path, line + i + 1, `is not JSON: ${(error as Error).message}`, error);
      }
    }
    return values;
  },
};

export function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}

export function badRecord(path: string, line: number, problem: string, cause?: unknown): WeirError {
  return new WeirError("WEIR_SOURCE_FAILED", `"${path}" line ${line} ${problem}`, { cause });
}
