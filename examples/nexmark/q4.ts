/** Query 4, average price for a category: of the winning bids of its auctions. A row replaces the one before of its category. */
import { nexmark, type Query } from "./flow.ts";
import { winningBids } from "./winning-bids.ts";

interface Sum {
  readonly auctions: number;
  readonly prices: number;
}

export const q4: Query = (events) =>
  winningBids(events)
    .map("of category", ([, bid]): [string, typeof bid] => [`${bid.category}`, bid])
    .asKeyed()
    .statefulMap("average", (before: Sum | undefined, { category, price, instead }) => {
      const auctions = (before?.auctions ?? 0) + (instead === undefined ? 1 : 0);
      const prices = (before?.prices ?? 0) + price - (instead ?? 0);
      return [
        { auctions, prices },
        { category, average: prices / auctions },
      ];
    });
export default nexmark("q4", q4);
