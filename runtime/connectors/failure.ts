/** Failures of files as WeirErrors: the path, what the system said, and the system's error as the cause. */
import { type ErrorCode, isWeirError, WeirError } from "../errors/index.ts";

const words: Record<string, string> = {
  ENOENT: "there is no such file or directory",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of the path is not a directory",
  ENOSPC: "no space is left",
  EMFILE: "too many files are open",
};

/** `doing` is a verb with its object's path: `read "a.txt"`. */
export function fileFailure(code: ErrorCode, doing: string, error: unknown): WeirError {
  if (isWeirError(error)) return error;
  const name = (error as NodeJS.ErrnoException).code;
  const reason =
    name !== undefined && name in words ? `${words[name]} (${name})` : error instanceof Error ? error.message : String(error);
  return new WeirError(code, `Cannot ${doing}: ${reason}`, { cause: error });
}
export function readFailure(path: string, error: unknown): WeirError {
  return fileFailure("WEIR_SOURCE_FAILED", `read "${path}"`, error);
}
export function writeFailure(path: string, error: unknown): WeirError {
  return fileFailure("WEIR_SINK_FAILED", `write "${path}"`, error);
}
