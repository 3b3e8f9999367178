/** What the coordinator must know of a flow besides its steps' code: sources to list, sinks to list and settle, steps with rows. */
import { asWeirError } from "../errors/index.ts";
import { type Dataflow, sinksOf, sourcesOf, statefulSteps } from "../flow/index.ts";
import type { CoordinatedSource } from "./inputs.ts";
import type { LeaderOptions } from "./leader.ts";

export type FlowFacts = Pick<LeaderOptions, "flowId" | "steps" | "sources" | "listSinks" | "settle" | "abandon">;

export function flowFacts(flow: Dataflow): FlowFacts {
  const sources: CoordinatedSource[] = sourcesOf(flow).map(({ step, source }) =>
    source.kind === "partitioned" ? { step, list: () => source.listParts() } : { step },
  );
  const sinks = sinksOf(flow);
  return {
    flowId: flow.id,
    // Positions are state too: a source that is gone would silently start over when it comes back.
    steps: [...statefulSteps(flow), ...sources.map(({ step }) => step), ...sinks.map(({ step }) => step)],
    sources,
    async listSinks() {
      const parts: Record<string, readonly string[]> = {};
      for (const { step, sink } of sinks) {
        if (sink.kind !== "partitioned") continue;
        try {
          parts[step] = [...(await sink.listParts())].toSorted();
        } catch (error) {
          throw asWeirError(error, "WEIR_SINK_FAILED", `step "${step}": its parts could not be listed`, step);
        }
      }
      return parts;
    },
    async settle(prepared) {
      for (const [step, value] of prepared) {
        const found = sinks.find((sink) => sink.step === step)?.sink;
        if (found?.kind !== "transactional") continue;
        try {
          await found.commit(value);
        } catch (error) {
          throw asWeirError(error, "WEIR_SINK_FAILED", `step "${step}": what was prepared could not be committed`, step);
        }
      }
    },
    async abandon(prepared) {
      for (const [step, value] of prepared) {
        const found = sinks.find((sink) => sink.step === step)?.sink;
        if (found?.kind !== "transactional") continue;
        try {
          await found.abort(value);
        } catch (error) {
          throw asWeirError(error, "WEIR_SINK_FAILED", `step "${step}": what was prepared could not be aborted`, step);
        }
      }
    },
  };
}
