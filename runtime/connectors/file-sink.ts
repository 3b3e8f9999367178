/**
 * Files as sinks, exactly once by truncation: a snapshot is the length of what was written and synced, and a part that is
 * built from it cuts off whatever came after. One newline after each value; values must be strings.
 */
import { mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { WeirError } from "../errors/index.ts";
import { checkOptionsObject } from "../flow/option-checks.ts";
import { show } from "../flow/show.ts";
import type { PartitionedSink } from "../flow/sink.ts";
import { fileFailure } from "./failure.ts";
import { fileSinkPart } from "./file-sink-part.ts";

/** One file, so one part. Its directory must exist. Without a snapshot to go on from, the file starts empty. */
export function fileSink(path: string): PartitionedSink<string, unknown> {
  if (typeof path !== "string" || basename(path) === "") {
    throw new WeirError("WEIR_FLOW_OPTION", `fileSink: the path must be that of a file, not ${show(path)}`);
  }
  return {
    kind: "partitioned",
    listParts: () => [basename(path)],
    buildPart: (part, resume) => fileSinkPart(join(dirname(path), part), resume as number | undefined),
  };
}

export interface DirSinkOptions {
  parts: number;
  /** Ends the files' names: ".jsonl" gives "part-0000.jsonl". Default none. */
  suffix?: string;
}

/** A file per part, keys spread over them. The directory is made if there is none; the one above it must exist. */
export function dirSink(directory: string, options: DirSinkOptions): PartitionedSink<string, unknown> {
  checkOptionsObject("dirSink", options);
  const { parts, suffix = "" } = options;
  if (typeof directory !== "string" || directory === "") {
    throw new WeirError("WEIR_FLOW_OPTION", `dirSink: the directory must be a path, not ${show(directory)}`);
  }
  if (!Number.isInteger(parts) || parts < 1)
    throw new WeirError("WEIR_FLOW_OPTION", `dirSink: parts must be a positive integer, not ${show(parts)}`);
  if (typeof suffix !== "string" || suffix.includes("/"))
    throw new WeirError("WEIR_FLOW_OPTION", `dirSink: suffix must be the end of a name, not ${show(suffix)}`);
  return {
    kind: "partitioned",
    listParts: () => Array.from({ length: parts }, (_, part) => `part-${String(part).padStart(4, "0")}${suffix}`),
    buildPart(part, resume) {
      makeDirectory(directory);
      return fileSinkPart(join(directory, part), resume as number | undefined);
    },
  };
}

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST")
      throw fileFailure("WEIR_SINK_FAILED", `make directory "${directory}"`, error);
  }
}
