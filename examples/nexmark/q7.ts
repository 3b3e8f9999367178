/** Query 7, highest bid: of every ten seconds. Ties are all named. */
import { tumbling } from "weir";
import { nexmark, type Query } from "./flow.ts";
import { bidsOf, timeOf } from "./streams.ts";

const lengthMs = 10_000;

interface Highest {
  readonly dateTime: number;
  readonly price: number;
  readonly bids: readonly (readonly [auction: number, bidder: number, dateTime: number])[];
}
const higher = (a: Highest, b: Highest): Highest =>
  a.price === b.price ? { ...a, bids: [...a.bids, ...b.bids] } : a.price > b.price ? a : b;

export const q7: Query = (events, options) => {
  const windower = tumbling({ lengthMs, alignTo: 0 });
  const ofAuctions = bidsOf(events)
    .map("alone", ({ auction, bidder, price, dateTime }): Highest => ({ price, bids: [[auction, bidder, dateTime]], dateTime }))
    .keyBy("by auction", ({ bids: [bid] }) => `${bid![0]}`)
    .window("highest of auction", { clock: timeOf(options), windower })
    .reduce(higher).down;
  return ofAuctions
    .map("of window", ([, [window, { price, bids }]]): Highest => ({ dateTime: window * lengthMs, price, bids }))
    .keyBy("by window", ({ dateTime }) => `${dateTime}`)
    .window("highest", { clock: timeOf(options), windower })
    .reduce(higher)
    .down.mapValue("row", ([, { dateTime, price, bids }]) => ({ window: dateTime, price, bids: bids.toSorted(inOrder) }));
};
const inOrder = (a: readonly number[], b: readonly number[]): number => a[0]! - b[0]! || a[1]! - b[1]! || a[2]! - b[2]!;
export default nexmark("q7", q7);
