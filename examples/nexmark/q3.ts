/**
 * Query 3, local item suggestion: who sells what of category 10 in Oregon, Idaho or California. A join without windows, of one
 * person with many auctions: either may come first, so auctions wait for their seller.
 */
import type { Auction, Event, Person } from "./events.ts";
import { nexmark, type Query } from "./flow.ts";

type Seller = Pick<Person, "name" | "city" | "state">;
interface Waiting {
  readonly seller?: Seller;
  /** Auctions whose seller has not come. Sellers from elsewhere never do: what is kept for them is this list. */
  readonly auctions: readonly number[];
}

const localStates = ["OR", "ID", "CA"];
const ofInterest = (event: Event): Person | Auction | undefined => {
  if (event.kind === "person") return localStates.includes(event.state) ? event : undefined;
  return event.kind === "auction" && event.category === 10 ? event : undefined;
};

export const q3: Query = (events) =>
  events
    .filterMap("persons and auctions", ofInterest)
    .keyBy("by seller", (event) => `${event.kind === "person" ? event.id : event.seller}`)
    .statefulFlatMap("join", (before: Waiting | undefined, event) => {
      const { seller, auctions } = before ?? { auctions: [] };
      if (event.kind === "auction") {
        if (seller === undefined) return [{ auctions: [...auctions, event.id] }, []];
        return [{ seller, auctions }, [{ ...seller, auction: event.id }]];
      }
      const { name, city, state } = event;
      return [{ seller: { name, city, state }, auctions: [] }, auctions.map((auction) => ({ name, city, state, auction }))];
    });
export default nexmark("q3", q3);
