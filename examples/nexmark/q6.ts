/** Query 6, average selling price by seller: over the last ten of a seller's auctions that anybody bid on. A row replaces the one before of its seller. */
import { nexmark, type Query } from "./flow.ts";
import { winningBids } from "./winning-bids.ts";

const last = 10;

interface Sale {
  readonly auction: number;
  readonly expires: number;
  readonly price: number;
}

export const q6: Query = (events) =>
  winningBids(events)
    .map("of seller", ([, bid]): [string, typeof bid] => [`${bid.seller}`, bid])
    .asKeyed()
    .statefulMap("average", (before: readonly Sale[] | undefined, { seller, auction, expires, price }) => {
      const others = (before ?? []).filter((sale) => sale.auction !== auction);
      // An auction that ten later ones have pushed out is pushed out again when its price goes up.
      const sales = [...others, { auction, expires, price }]
        .toSorted((a, b) => a.expires - b.expires || a.auction - b.auction)
        .slice(-last);
      return [sales, { seller, average: sales.reduce((sum, sale) => sum + sale.price, 0) / sales.length }];
    });
export default nexmark("q6", q6);
