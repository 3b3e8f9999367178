/** Query 5, hot items: which auctions had the most bids in the last ten seconds, every two. Ties are all named. */
import { sliding, tumbling } from "weir";
import { nexmark, type Query } from "./flow.ts";
import { bidsOf, timeOf } from "./streams.ts";

const [lengthMs, offsetMs] = [10_000, 2_000];

interface Hot {
  readonly dateTime: number;
  readonly auctions: readonly number[];
  readonly bids: number;
}
const hotter = (a: Hot, b: Hot): Hot => {
  if (a.bids !== b.bids) return a.bids > b.bids ? a : b;
  return { ...a, auctions: [...a.auctions, ...b.auctions] };
};

export const q5: Query = (events, options) => {
  const counts = bidsOf(events)
    // What a bid goes on with to the worker of its auction.
    .map("auction and time", ({ auction, dateTime }) => ({ auction, dateTime }))
    .keyBy("by auction", ({ auction }) => `${auction}`)
    .window("count", { clock: timeOf(options), windower: sliding({ lengthMs, offsetMs, alignTo: 0 }) })
    .count().down;
  // A window's auctions meet under its start, and wait there for each other as long as bids do.
  return counts
    .map("of window", ([auction, [window, bids]]): Hot => ({ dateTime: window * offsetMs, auctions: [Number(auction)], bids }))
    .keyBy("by window", ({ dateTime }) => `${dateTime}`)
    .window("hottest", { clock: timeOf(options), windower: tumbling({ lengthMs: offsetMs, alignTo: 0 }), ordered: false })
    .reduce(hotter)
    .down.mapValue("row", ([, { dateTime, auctions, bids }]) => ({
      window: dateTime,
      auctions: auctions.toSorted((a, b) => a - b),
      bids,
    }));
};
export default nexmark("q5", q5);
