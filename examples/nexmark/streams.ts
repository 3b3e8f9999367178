/** The three kinds of events as streams, and the clock of the queries that have windows. */
import { type Clock, eventClock, type Stream } from "weir";
import type { Auction, Bid, Event, Person } from "./events.ts";

export const personsOf = (events: Stream<Event>): Stream<Person> =>
  events.filterMap("persons", (event) => (event.kind === "person" ? event : undefined));
export const auctionsOf = (events: Stream<Event>): Stream<Auction> =>
  events.filterMap("auctions", (event) => (event.kind === "auction" ? event : undefined));
export const bidsOf = (events: Stream<Event>): Stream<Bid> =>
  events.filterMap("bids", (event) => (event.kind === "bid" ? event : undefined));

export interface QueryOptions {
  /** How long windows wait for events that are out of order, in milliseconds; Infinity = to the end of the input. */
  readonly waitMs: number;
}
export const timeOf = <V extends { readonly dateTime: number }>({ waitMs }: QueryOptions): Clock<V> =>
  eventClock({ timestamp: ({ dateTime }: V) => dateTime, waitMs });
