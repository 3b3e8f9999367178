/** Queries of Nexmark as loops that know that events come in the order of their time, and nobody before whom they refer to. */
import { eventAt, type Person } from "../../examples/nexmark/events.ts";
import { addRow, type Answer, eventOptions, type MeasuredQuery, nothing } from "./nexmark.ts";

export const loops: Readonly<Record<MeasuredQuery, (events: number) => Answer>> = { q3, q5, q8 };

/** Who sells what of category 10 in Oregon, Idaho or California. */
function q3(events: number): Answer {
  const answer = nothing();
  const local = new Set(["OR", "ID", "CA"]);
  const sellers = new Map<number, Person>();
  for (let n = 0; n < events; n++) {
    const event = eventAt(n, eventOptions);
    if (event.kind === "person") {
      if (local.has(event.state)) sellers.set(event.id, event);
    } else if (event.kind === "auction" && event.category === 10) {
      const seller = sellers.get(event.seller);
      if (seller === undefined) continue;
      const { name, city, state } = seller;
      addRow(answer, JSON.stringify({ name, city, state, auction: event.id }));
    }
  }
  return answer;
}

/** The auctions with the most bids in ten seconds, every two: counts of two seconds each, of which a window adds up five. */
function q5(events: number): Answer {
  const answer = nothing();
  const [sliceMs, slicesOfWindow] = [2_000, 5];
  let slice = Number.NaN;
  let counts = new Map<number, number>();
  /** The newest is the last. */
  let slices = [counts];

  const close = (): void => {
    const totals = new Map<number, number>();
    for (const one of slices) for (const [auction, bids] of one) totals.set(auction, (totals.get(auction) ?? 0) + bids);
    if (totals.size === 0) return;
    let most = 0;
    let auctions: number[] = [];
    for (const [auction, bids] of totals) {
      if (bids > most) {
        most = bids;
        auctions = [auction];
      } else if (bids === most) auctions.push(auction);
    }
    const opened = (slice - slicesOfWindow + 1) * sliceMs;
    addRow(answer, JSON.stringify({ window: opened, auctions: auctions.toSorted((a, b) => a - b), bids: most }));
  };
  const next = (): void => {
    close();
    slice++;
    counts = new Map();
    slices = [...slices.slice(1 - slicesOfWindow), counts];
  };

  for (let n = 0; n < events; n++) {
    const event = eventAt(n, eventOptions);
    if (event.kind !== "bid") continue;
    const current = Math.floor(event.dateTime / sliceMs);
    if (Number.isNaN(slice)) slice = current;
    while (slice < current) next();
    counts.set(event.auction, (counts.get(event.auction) ?? 0) + 1);
  }
  for (let left = slicesOfWindow; left > 0; left--) next();
  return answer;
}

/** Who opened an auction in the ten seconds in which they came. */
function q8(events: number): Answer {
  const answer = nothing();
  const windowMs = 10_000;
  let window = Number.NaN;
  /** Those who have not opened any yet. */
  const came = new Map<number, Person>();
  for (let n = 0; n < events; n++) {
    const event = eventAt(n, eventOptions);
    if (event.kind === "bid") continue;
    const current = Math.floor(event.dateTime / windowMs);
    if (current !== window) {
      window = current;
      came.clear();
    }
    if (event.kind === "person") came.set(event.id, event);
    else {
      const person = came.get(event.seller);
      if (person === undefined) continue;
      came.delete(event.seller);
      addRow(answer, JSON.stringify({ id: person.id, name: person.name, window: window * windowMs }));
    }
  }
  return answer;
}
