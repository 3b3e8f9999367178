/** Copies each item to every worker. */
import { broadcast as toAll } from "../pact.ts";
import type { TimelyStream } from "../types.ts";
import { transform } from "./transform.ts";

export function broadcast<D, T>(stream: TimelyStream<D, T>): TimelyStream<D, T> {
  return transform(stream, "broadcast", (batch) => batch, toAll);
}
