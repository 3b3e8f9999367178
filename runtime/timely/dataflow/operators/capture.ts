/** Keeps what passes, per time. */
import { buildOperator } from "../builder.ts";
import { pipeline } from "../pact.ts";
import type { MessageCapability } from "../operator-types.ts";
import { createTimeMap } from "../time-map.ts";
import type { CaptureLog, TimelyStream } from "../types.ts";

export function capture<D, T>(stream: TimelyStream<D, T>): CaptureLog<D, T> {
  const log = createTimeMap<T, D[]>();
  buildOperator<T>(stream.scope, { name: "capture", inputs: [{ stream, pact: pipeline }], outputs: 0, initial: false }, () => {
    const keep = (at: MessageCapability<T>, batch: readonly D[]): void => {
      const items = log.at(at.time, () => []);
      for (let i = 0; i < batch.length; i++) items.push(batch[i]!);
    };
    return ([input]) => input!.forEach(keep);
  });
  return { extract: () => log.entries().map(([time, items]) => [time, items.slice()] as const) };
}
