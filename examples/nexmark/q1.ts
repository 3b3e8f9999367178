/** Query 1, currency: prices of bids, dollars as euros. */
import { nexmark, type Query } from "./flow.ts";
import { bidsOf } from "./streams.ts";

const eurosPerDollar = 0.908;

export const q1: Query = (events) =>
  bidsOf(events)
    .map("euros", ({ auction, bidder, price, dateTime }) => ({ auction, bidder, price: price * eurosPerDollar, dateTime }))
    .keyBy("by auction", (bid) => `${bid.auction}`);
export default nexmark("q1", q1);
