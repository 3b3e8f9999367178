/** Query 8, monitor new users: who opened an auction in the ten seconds in which they came. A join of two streams in windows. */
import { tumbling } from "weir";
import { nexmark, type Query } from "./flow.ts";
import { auctionsOf, personsOf, timeOf } from "./streams.ts";

const lengthMs = 10_000;

export const q8: Query = (events, options) => {
  const sellers = auctionsOf(events)
    .map("seller and time", ({ kind, seller, dateTime }) => ({ kind, seller, dateTime }))
    .keyBy("by seller", ({ seller }) => `${seller}`);
  return personsOf(events)
    .map("name and time", ({ kind, id, name, dateTime }) => ({ kind, id, name, dateTime }))
    .keyBy("by id", ({ id }) => `${id}`)
    .window("new and selling", { clock: timeOf(options), windower: tumbling({ lengthMs, alignTo: 0 }), ordered: false })
    .join([sellers])
    .down.filterMapValue("both", ([window, [person, auction]]) =>
      person !== null && auction !== null && person.kind === "person"
        ? { id: person.id, name: person.name, window: window * lengthMs }
        : undefined,
    );
};
export default nexmark("q8", q8);
