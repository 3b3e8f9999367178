/**
 * Prints items, one a line: strings as they are, everything else as JSON (bigints as their digits, Maps and Sets as lists).
 * A batch is one write, and counts as written when the stream has taken it.
 */
import { WeirError } from "../errors/index.ts";
import type { DynamicSink } from "../flow/sink.ts";

export function stdoutSink(): DynamicSink<unknown> {
  return {
    kind: "dynamic",
    build: () => ({ writeBatch: (items) => print(process.stdout, items) }),
  };
}

/** Rejects with WEIR_SINK_FAILED when the stream fails, its reader having gone for instance. */
export function print(stream: NodeJS.WritableStream, items: readonly unknown[]): Promise<void> {
  let text = "";
  for (const item of items) text += `${lineOf(item)}\n`;
  if (text === "") return Promise.resolve();
  return new Promise((resolve, reject) => {
    // A failed write is reported twice, to the callback and as an event; the event must not end the process.
    const ignore = (): void => {};
    stream.once("error", ignore);
    stream.write(text, (error) => {
      if (error === null || error === undefined) {
        stream.removeListener("error", ignore);
        resolve();
        return;
      }
      reject(new WeirError("WEIR_SINK_FAILED", `Cannot write to standard output: ${error.message}`, { cause: error }));
    });
  });
}

function lineOf(item: unknown): string {
  return typeof item === "string" ? item : (JSON.stringify(item, plain) ?? String(item));
}
function plain(_name: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  return value instanceof Map || value instanceof Set ? [...(value as Iterable<unknown>)] : value;
}
