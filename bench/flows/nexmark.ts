/** A query of examples/nexmark, as it stands there, over events that come as fast as they are taken: windows close at their end. */
import type { Dataflow, Keyed } from "weir";
import { events, nexmarkFlow } from "../../examples/nexmark/flow.ts";
import { queries, type QueryName } from "../../examples/nexmark/queries.ts";
import { addRow, eventOptions, nothing } from "../data/nexmark.ts";
import { openTally, tallySink, timed } from "../data/tally.ts";

export default function nexmark(params: Readonly<Record<string, string>>): Dataflow {
  const name = params.query as QueryName;
  const tally = openTally(params.report!);
  const answer = nothing();
  return nexmarkFlow(name, queries[name], {
    source: timed(events({ ...eventOptions, events: Number(params.records), parts: Number(params.parts) }), tally),
    waitMs: Infinity,
    sink: tallySink<Keyed<string>>(
      tally,
      (items) => {
        for (let i = 0; i < items.length; i++) addRow(answer, items[i]![1]);
      },
      () => ({ ...answer }),
    ),
  });
}
