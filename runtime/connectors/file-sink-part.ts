/**
 * One file of a sink. Batches go to the operating system at once, so that readers see them; they are durable when `snapshot`
 * has resolved. Invariant: the file is exactly `length` bytes long between calls.
 */
import { closeSync, fstatSync, fsync, ftruncateSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { WeirError } from "../errors/index.ts";
import { show } from "../flow/show.ts";
import type { SinkPart } from "../flow/sink.ts";
import { writeFailure } from "./failure.ts";

const sync = promisify(fsync);

/** Throws WEIR_SINK_FAILED when the file cannot be opened for writing, WEIR_SINK_STATE when it has less in it than `resume`. */
export function fileSinkPart(path: string, resume: number | undefined): SinkPart<string> & { snapshot(): Promise<number> } {
  let length = resume ?? 0;
  const fd = openForWriting(path);
  try {
    cutTo(fd, path, length);
  } catch (error) {
    closeSync(fd);
    throw writeFailure(path, error);
  }
  let open = true;
  /** The name of a new file must reach the disk too. */
  let named = false;

  const write = (bytes: Buffer): void => {
    try {
      for (let written = 0; written < bytes.length;) {
        const more = writeSync(fd, bytes, written, bytes.length - written, length);
        written += more;
        length += more;
      }
    } catch (error) {
      throw writeFailure(path, error);
    }
  };
  return {
    writeBatch(values) {
      let text = "";
      for (const value of values) {
        if (typeof value !== "string")
          throw new WeirError("WEIR_SINK_FAILED", `Cannot write to "${path}": values must be strings, not ${show(value)}`);
        text += value;
        text += "\n";
      }
      if (text !== "") write(Buffer.from(text));
    },
    async snapshot() {
      const synced = length;
      try {
        await sync(fd);
        if (!named) await syncDirectory(dirname(path));
        named = true;
      } catch (error) {
        throw writeFailure(path, error);
      }
      return synced;
    },
    close() {
      if (open) closeSync(fd);
      open = false;
    },
  };
}

function cutTo(fd: number, path: string, length: number): void {
  const { size } = fstatSync(fd);
  if (size < length)
    throw new WeirError("WEIR_SINK_STATE", `"${path}" has ${size} bytes, and the snapshot says that ${length} were written`);
  ftruncateSync(fd, length);
}

/** "r+" keeps what is there, "w" makes a file. */
function openForWriting(path: string): number {
  try {
    return openSync(path, "r+");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw writeFailure(path, error);
  }
  try {
    return openSync(path, "w");
  } catch (error) {
    throw writeFailure(path, error);
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const fd = openSync(directory, "r");
  try {
    await sync(fd);
  } finally {
    closeSync(fd);
  }
}
