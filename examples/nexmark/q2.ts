/** Query 2, selection: bids on some auctions, one in 123. */
import { nexmark, type Query } from "./flow.ts";
import { bidsOf } from "./streams.ts";

export const q2: Query = (events) =>
  bidsOf(events)
    .filter("selected", ({ auction }) => auction % 123 === 0)
    .map("fields", ({ auction, price }) => ({ auction, price }))
    .keyBy("by auction", (bid) => `${bid.auction}`);
export default nexmark("q2", q2);
