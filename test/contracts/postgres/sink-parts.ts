/** Parts of the sink without a flow around them: built, written to, prepared and committed by hand. */
import { expect } from "vitest";
import { postgresSink, type PostgresSinkOptions, type PreparedRows } from "../../../runtime/connectors/postgres/index.ts";
import type { TransactionalSinkPart } from "../../../runtime/flow/sink.ts";

export const context = (execution: number, step = "out") => ({ flow: "flow", step, execution });
export const build = async <T>(
  options: PostgresSinkOptions<T>,
  execution = 1,
): Promise<readonly [sink: ReturnType<typeof postgresSink<T>>, part: TransactionalSinkPart<T, PreparedRows>]> => {
  const sink = postgresSink<T>(options);
  return [sink, await sink.build(0, 1, context(execution))];
};
/** Writes, prepares and commits. */
export async function put<T>(options: PostgresSinkOptions<T>, items: readonly T[]): Promise<void> {
  const [sink, part] = await build(options);
  await part.writeBatch(items);
  const prepared = await part.prepare(1);
  if (prepared !== undefined) await sink.commit(prepared);
}
export const failure = (pattern: RegExp, code = "WEIR_SINK_FAILED") =>
  expect.objectContaining({ code, message: expect.stringMatching(pattern) as string });
