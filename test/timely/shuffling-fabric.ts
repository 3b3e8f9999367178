/**
 * A fabric that delivers what it likes when it likes: messages of one sender, receiver and kind (progress, or data of one
 * channel) keep their order, everything else is shuffled by `random`. Harder than any real one, which has one order per pair.
 */
import type { Fabric, Message } from "../../runtime/timely/communication/fabric.ts";

export interface ShufflingNetwork {
  readonly fabrics: readonly Fabric[];
  /** Messages sent and not delivered. */
  inFlight(): number;
}

export function createShufflingNetwork(peers: number, random: () => number): ShufflingNetwork {
  const lanes = Array.from({ length: peers }, () => new Map<string, { message: Message; from: number }[]>());
  const outstanding = Array<number>(peers).fill(0);
  let inFlight = 0;
  const fabrics = Array.from({ length: peers }, (_, index): Fabric => {
    const wakes: (() => void)[] = [];
    return {
      index,
      peers,
      send(target, message) {
        const lane = `${index} ${message.dataflow} ${message.kind === "data" ? message.channel : "progress"}`;
        const waiting = lanes[target]!.get(lane) ?? [];
        lanes[target]!.set(lane, waiting);
        waiting.push({ message, from: index });
        inFlight++;
        if (message.kind === "data") outstanding[index]! += message.records.length;
      },
      broadcast(message) {
        for (let target = 0; target < peers; target++) this.send(target, message);
      },
      receive(deliver) {
        let delivered = false;
        const mine = [...lanes[index]!.values()].filter((lane) => lane.length > 0);
        for (let tries = Math.floor(random() * 6); tries > 0 && mine.length > 0; tries--) {
          const lane = mine[Math.floor(random() * mine.length)]!;
          const next = lane.shift();
          if (next === undefined) continue;
          inFlight--;
          delivered = true;
          deliver(next.message, next.from, next.message.kind === "data" ? next.message.records.length : 0);
        }
        return delivered;
      },
      consumed(from, weight) {
        outstanding[from]! -= weight;
      },
      flush() {},
      congested: () => false,
      outstanding: () => outstanding[index]!,
      onArrival: (wake) => void wakes.push(wake),
      onFailure() {},
      close() {},
    };
  });
  return { fabrics, inFlight: () => inFlight };
}

/** A small seeded generator (mulberry32, T. Ettinger), so that a failing case replays. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
