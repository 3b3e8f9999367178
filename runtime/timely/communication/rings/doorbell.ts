/**
 * How a member of the group waits: on its thread for some microseconds (`linger`), then by turns of the event loop, then parked on
 * its doorbell with Atomics.waitAsync, which leaves its event loop to everything else. Others wake only who is parked, so a busy
 * group never pays for a wake-up.
 *
 * Invariant: between `watch` and the call of `arrived` nothing that was stored for this member is missed: parked is set first
 * and `ready` is asked after that, while who stores something looks at parked after that.
 */
import { availableParallelism } from "node:os";
import { Cell, cellsOf, memberCell, type RingSetup } from "./memory.ts";

export interface Doorbell {
  /** Calls `arrived` once, outside of this call, when `ready()` has become true. Calling it again while it watches changes nothing. */
  watch(): void;
  /** Looks for some microseconds, without letting go of the thread, whether `ready()` becomes true, and says whether it is. Once per wait. */
  linger(): boolean;
  /** What was waited for has been found: by these looks, or without them. */
  settle(): void;
  close(): void;
}

/**
 * Milliseconds. A wake-up takes both sides some 50 µs, so that looking again for that long before parking is worth it when an answer
 * is on its way; when none is, it takes time from others who could use the core. So it is learned from how long waits have been: after
 * a short one (a wake-up included) the next look is longer, after a long one shorter. Where waits are short and even long looks in vain,
 * the other thread most likely waits for this core: then looks are short, but for one now and then.
 */
const longestLinger = 0.1;
const shortestLinger = 0.002;
const longestTurns = 0.05;
const short = 0.2;
const tryAgain = 64;
const vainLooks = 4;
const farAway = 2 ** 31 - 1;

export function createDoorbell(setup: RingSetup, member: number, ready: () => boolean, arrived: () => void): Doorbell {
  const cells = cellsOf(setup);
  const cell = memberCell(member);
  // waitAsync alone does not keep a process alive.
  const alive = setInterval(() => undefined, farAway);
  let watching = false;
  let parked = false;
  let closed = false;
  let patience = longestLinger;
  let waits = 0;
  /** Looks in full length, in a row, that were in vain though the wait was short. */
  let vain = availableParallelism() < setup.workers ? vainLooks : 0;
  /** When this wait was seen to begin; 0 = there is none. And for how long to look before parking. */
  let since = 0;
  let limit = 0;

  function begin(now: number): void {
    since = now;
    limit = ++waits % tryAgain === 0 ? longestLinger : vain < vainLooks ? patience : shortestLinger;
  }
  function learn(waited: number): void {
    since = 0;
    if (waited >= short) patience = Math.max(shortestLinger, patience / 2);
    else patience = Math.min(longestLinger, patience * 2);
    if (waited < limit) vain = 0;
    else if (waited < short && limit === longestLinger) vain++;
  }
  function linger(): boolean {
    if (closed) return false;
    if (ready()) return true;
    if (since > 0) return false;
    const start = performance.now();
    begin(start);
    do {
      for (let looks = 0; looks < 32; looks++) {
        if (!ready()) continue;
        learn(0);
        return true;
      }
    } while (performance.now() - start < limit);
    return false;
  }
  function settle(): void {
    if (since > 0) learn(performance.now() - since);
  }
  function done(): void {
    watching = false;
    settle();
    arrived();
  }
  function look(): void {
    if (closed) return;
    if (ready()) return done();
    const now = performance.now();
    if (since === 0) begin(now);
    if (now - since < Math.min(limit, longestTurns)) setImmediate(look);
    else park();
  }
  function park(): void {
    const rung = Atomics.load(cells, cell + Cell.doorbell);
    Atomics.store(cells, cell + Cell.parked, 1);
    if (ready()) {
      Atomics.store(cells, cell + Cell.parked, 0);
      return done();
    }
    const wait = Atomics.waitAsync(cells, cell + Cell.doorbell, rung);
    if (!wait.async) return void setImmediate(look);
    parked = true;
    void wait.value.then(() => {
      parked = false;
      look();
    });
  }

  return {
    watch() {
      if (watching || closed) return;
      watching = true;
      setImmediate(look);
    },
    linger,
    settle,
    close() {
      if (closed) return;
      closed = true;
      clearInterval(alive);
      if (parked) Atomics.notify(cells, cell + Cell.doorbell);
    },
  };
}
