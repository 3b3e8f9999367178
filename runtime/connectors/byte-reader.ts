/**
 * A file from some byte on, read by large synchronous reads into one buffer:
 *
 *   buffer  [ consumed | start … end: read and not consumed | free ]
 *                        ^ `position` in the file
 *
 * Records are cut from [start, end); one that is not complete is moved to the front and more is read behind it. Invariant:
 * the buffer only grows for a record that does not fit into it.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { WeirError } from "../errors/index.ts";
import { readFailure } from "./failure.ts";

const blockBytes = 256 * 1024;
/** A longer record does not fit into a string. */
const maxRecordBytes = 256 * 1024 * 1024;

export class ByteReader {
  readonly path: string;
  buffer = Buffer.allocUnsafe(blockBytes);
  start = 0;
  end = 0;
  private readonly fd: number;
  private readAt: number;
  private open = true;

  /** Throws WEIR_SOURCE_FAILED when the file cannot be opened, or has shrunk below `position` since that was noted. */
  constructor(path: string, position: number) {
    this.path = path;
    this.readAt = position;
    try {
      this.fd = openSync(path, "r");
      if (this.size() >= position) return;
    } catch (error) {
      throw readFailure(path, error);
    }
    const size = this.size();
    this.close();
    throw new WeirError(
      "WEIR_SOURCE_FAILED",
      `Cannot go on reading "${path}" at byte ${position}: the file has only ${size} bytes. Was it replaced or cut off?`,
    );
  }

  /** Byte of the file that `start` is at. */
  get position(): number {
    return this.readAt - (this.end - this.start);
  }
  /** Bytes of the file not consumed yet. */
  left(): number {
    return this.open ? Math.max(0, this.size() - this.position) : 0;
  }
  /** Reads more behind `end`. False at the end of the file. */
  fill(): boolean {
    if (this.start > 0) {
      this.buffer.copyWithin(0, this.start, this.end);
      this.end -= this.start;
      this.start = 0;
    }
    if (this.end === this.buffer.length) this.grow();
    let bytes: number;
    try {
      bytes = readSync(this.fd, this.buffer, this.end, this.buffer.length - this.end, this.readAt);
    } catch (error) {
      throw readFailure(this.path, error);
    }
    this.end += bytes;
    this.readAt += bytes;
    return bytes > 0;
  }
  /** At the beginning of a file. */
  skipByteOrderMark(): void {
    this.fill();
    const { buffer, start, end } = this;
    if (end - start >= 3 && buffer[start] === 0xef && buffer[start + 1] === 0xbb && buffer[start + 2] === 0xbf) this.start += 3;
  }
  close(): void {
    if (!this.open) return;
    this.open = false;
    closeSync(this.fd);
  }

  private size(): number {
    return fstatSync(this.fd).size;
  }
  private grow(): void {
    if (this.buffer.length >= maxRecordBytes) {
      throw new WeirError(
        "WEIR_SOURCE_FAILED",
        `Cannot read "${this.path}": the record at byte ${this.position} is longer than ${maxRecordBytes} bytes`,
      );
    }
    const larger = Buffer.allocUnsafe(this.buffer.length * 2);
    this.buffer.copy(larger, 0, 0, this.end);
    this.buffer = larger;
  }
}
