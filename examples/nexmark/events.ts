/**
 * The events of an auction house, after Nexmark (Tucker, Tufte, Papadimos, Maier 2002) in the proportions of its generators for
 * Beam and Flink: of 50 events in a row 1 is a person, 3 are auctions and 46 are bids. Event n is a function of the seed and n.
 */
import { integerAt, randomAt } from "./random.ts";

export interface Person {
  readonly kind: "person";
  readonly id: number;
  readonly name: string;
  readonly email: string;
  readonly city: string;
  readonly state: string;
  /** Milliseconds since the Unix epoch, as all times here. */
  readonly dateTime: number;
}
export interface Auction {
  readonly kind: "auction";
  readonly id: number;
  readonly item: string;
  /** Prices are whole cents. */
  readonly initialBid: number;
  readonly reserve: number;
  readonly dateTime: number;
  readonly expires: number;
  readonly seller: number;
  readonly category: number;
}
export interface Bid {
  readonly kind: "bid";
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly channel: string;
  readonly dateTime: number;
}
export type Event = Person | Auction | Bid;

export interface EventOptions {
  readonly seed: number;
  /** Of event time, not of the clock: how far apart the events' times are. */
  readonly eventsPerSecond: number;
}

const [persons, auctions, bids] = [1, 3, 46];
const round = persons + auctions + bids;
const firstId = 1_000;
/** Events refer to the newest of each kind, at most so many back. */
const [activePersons, openAuctions] = [1_000, 100];
const categories = 5;
const start = Date.UTC(2020, 0, 1);

const cities = ["Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland", "Bend", "Redmond", "Seattle", "Kent", "Cheyenne"];
const states = ["AZ", "CA", "ID", "OR", "WA", "WY"];
const firstNames = ["Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"];
const lastNames = ["Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"];
const channels = ["Apple", "Google", "Facebook", "Baidu"];

export function eventAt(n: number, { seed, eventsPerSecond }: EventOptions): Event {
  const rounds = Math.floor(n / round);
  const offset = n % round;
  const dateTime = start + Math.floor((n * 1_000) / eventsPerSecond);
  const integer = (draw: number, below: number): number => integerAt(seed, n, draw, below);
  const one = <T>(draw: number, of: readonly T[]): T => of[integer(draw, of.length)]!;
  /** Cents, over six orders of magnitude. */
  const price = (draw: number): number => Math.round(10 ** (randomAt(seed, n, draw) * 6) * 100);

  if (offset < persons) {
    const [first, last] = [one(1, firstNames), one(2, lastNames)];
    const email = `${first}.${last}@example.com`.toLowerCase();
    return {
      kind: "person",
      id: firstId + rounds,
      name: `${first} ${last}`,
      email,
      city: one(3, cities),
      state: one(4, states),
      dateTime,
    };
  }
  // How many there are before this event.
  const personsSoFar = rounds + 1;
  /** Half the time one of every ten persons, with whom many deal, else anyone who is active. */
  const person = (draw: number): number => {
    const newest = personsSoFar - 1;
    if (integer(draw, 2) === 0) return firstId + newest - (newest % 10);
    return firstId + newest - integer(draw + 1, Math.min(personsSoFar, activePersons));
  };
  if (offset < persons + auctions) {
    const initialBid = price(1);
    // Most auctions see about two rounds of the open ones come and go.
    const open = (openAuctions / auctions) * round * (1_000 / eventsPerSecond);
    return {
      kind: "auction",
      id: firstId + rounds * auctions + (offset - persons),
      item: `item ${integer(2, 1_000)}`,
      initialBid,
      reserve: initialBid + price(3),
      dateTime,
      expires: dateTime + 1 + Math.floor(randomAt(seed, n, 4) * 2 * open),
      seller: person(5),
      category: 10 + integer(7, categories),
    };
  }
  const auctionsSoFar = (rounds + 1) * auctions;
  const newest = auctionsSoFar - 1;
  const hot = integer(1, 2) === 0;
  return {
    kind: "bid",
    auction: firstId + (hot ? newest - (newest % 10) : newest - integer(2, Math.min(auctionsSoFar, openAuctions))),
    bidder: person(3),
    price: price(5),
    channel: one(6, channels),
    dateTime,
  };
}
