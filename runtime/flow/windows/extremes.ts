/** The aggregates max and min: the value itself, chosen by its rank; of equal ranks the first value stays. */
import type { Ordered } from "../logic.ts";
import { rankBy } from "../rank.ts";
import type { WindowAggregate } from "./aggregate.ts";

interface Extreme<V> {
  value: V;
  rank: Ordered;
}

/** Without `by` the values must be numbers, strings or bigints themselves. */
export function maxWindow<V>(by?: (value: V) => Ordered): WindowAggregate<V, Extreme<V>> {
  return extreme("max", by, (rank, best) => rank > best);
}
export function minWindow<V>(by?: (value: V) => Ordered): WindowAggregate<V, Extreme<V>> {
  return extreme("min", by, (rank, best) => rank < best);
}

function extreme<V>(
  kind: "max" | "min",
  by: ((value: V) => Ordered) | undefined,
  better: (rank: Ordered, best: Ordered) => boolean,
): WindowAggregate<V, Extreme<V>> {
  const rankOf = rankBy(kind, by);
  return {
    kind,
    commutes: false,
    open: (value) => ({ value, rank: rankOf(value) }),
    add(best, value) {
      const rank = rankOf(value);
      if (better(rank, best.rank)) {
        best.value = value;
        best.rank = rank;
      }
      return best;
    },
    merge: (into, from) => (better(from.rank, into.rank) ? from : into),
    close(best, windowId, events) {
      events.down(windowId, best.value);
    },
    save: (best) => best.value,
    load: (saved) => ({ value: saved as V, rank: rankOf(saved) }),
  };
}
