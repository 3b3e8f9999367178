/** Moves each item to the worker that its route names. */
import { exchange } from "../pact.ts";
import type { TimelyStream } from "../types.ts";
import { transform } from "./transform.ts";

export function exchangeStream<D, T>(stream: TimelyStream<D, T>, route: (item: D) => number): TimelyStream<D, T> {
  return transform(stream, "exchange", (batch) => batch, exchange(route));
}
