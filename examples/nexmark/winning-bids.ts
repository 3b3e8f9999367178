/**
 * The highest bid of each auction among those made while it was open; for queries 4 and 6. An auction's row comes again, with
 * what it replaces, whenever a higher bid is known, so that averages over rows can be kept up without waiting.
 */
import type { KeyedStream, Stream } from "weir";
import type { Auction, Event } from "./events.ts";

export interface Winning {
  readonly auction: number;
  readonly seller: number;
  readonly category: number;
  readonly expires: number;
  readonly price: number;
  /** The price that this one replaces. */
  readonly instead: number | undefined;
}
type Open = Pick<Auction, "seller" | "category" | "dateTime" | "expires">;
interface Known {
  readonly auction?: Open;
  readonly best?: number;
  /** Bids that were read before their auction was. */
  readonly early: readonly (readonly [dateTime: number, price: number])[];
}

export function winningBids(events: Stream<Event>): KeyedStream<Winning> {
  return events
    .filterMap("auctions and bids", (event) => (event.kind === "person" ? undefined : event))
    .keyBy("by auction", (event) => `${event.kind === "auction" ? event.id : event.auction}`)
    .statefulFlatMap("winning", (before: Known | undefined, event) => {
      let { auction, best, early } = before ?? { early: [] };
      const won: Winning[] = [];
      const offer = (id: number, open: Open, dateTime: number, price: number): void => {
        if (dateTime < open.dateTime || dateTime > open.expires || price <= (best ?? -1)) return;
        won.push({ auction: id, seller: open.seller, category: open.category, expires: open.expires, price, instead: best });
        best = price;
      };
      if (event.kind === "auction") {
        const { seller, category, dateTime, expires } = event;
        auction = { seller, category, dateTime, expires };
        for (const [time, price] of early) offer(event.id, auction, time, price);
        early = [];
      } else if (auction === undefined) early = [...early, [event.dateTime, event.price]];
      else offer(event.auction, auction, event.dateTime, event.price);
      const known: Known = { early, ...(auction && { auction }), ...(best === undefined ? {} : { best }) };
      return [known, won];
    });
}
