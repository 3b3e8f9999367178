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

export class FileSinkPart implements SinkPart<string> {
  private readonly path: string;
  private readonly fd: number;
  private length: number;
  private open = true;
  /** The name of a new file must reach the disk too. */
  private named = false;

  /** Throws WEIR_SINK_FAILED when the file cannot be opened for writing, WEIR_SINK_STATE when it has less in it than `resume`. */
  constructor(path: string, resume: number | undefined) {
    this.path = path;
    this.length = resume ?? 0;
    this.fd = openForWriting(path);
    try {
      const size = fstatSync(this.fd).size;
      if (size < this.length) {
        throw new WeirError(
          "WEIR_SINK_STATE",
          `"${path}" has ${size} bytes, and the snapshot says that ${this.length} were written`,
        );
      }
      ftruncateSync(this.fd, this.length);
    } catch (error) {
      this.close();
      throw writeFailure(path, error);
    }
  }

  writeBatch(values: readonly string[]): void {
    let text = "";
    for (const value of values) {
      if (typeof value !== "string")
        throw new WeirError("WEIR_SINK_FAILED", `Cannot write to "${this.path}": values must be strings, not ${show(value)}`);
      text += value;
      text += "\n";
    }
    if (text !== "") this.write(Buffer.from(text));
  }
  async snapshot(): Promise<number> {
    const { length } = this;
    try {
      await sync(this.fd);
      if (!this.named) await syncDirectory(dirname(this.path));
      this.named = true;
    } catch (error) {
      throw writeFailure(this.path, error);
    }
    return length;
  }
  close(): void {
    if (this.open) closeSync(this.fd);
    this.open = false;
  }

  private write(bytes: Buffer): void {
    try {
      for (let written = 0; written < bytes.length;) {
        const more = writeSync(this.fd, bytes, written, bytes.length - written, this.length);
        written += more;
        this.length += more;
      }
    } catch (error) {
      throw writeFailure(this.path, error);
    }
  }
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
