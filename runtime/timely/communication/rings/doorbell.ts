/**
 * How a member of the group waits: by turns of the event loop for a moment, then parked on its doorbell with
 * Atomics.waitAsync, which leaves its event loop to everything else. Others wake only who is parked, so a busy group never
 * pays for a wake-up.
 *
 * Invariant: between `watch` and the call of `arrived` nothing that was stored for this member is missed: parked is set first
 * and `ready` is asked after that, while who stores something looks at parked after that.
 */
import { Cell, cellsOf, memberCell, type RingSetup } from "./memory.ts";

export interface Doorbell {
  /** Calls `arrived` once, outside of this call, when `ready()` has become true. Calling it again while it watches changes nothing. */
  watch(): void;
  close(): void;
}

/**
 * Looking again for this long before parking saves the wake-up (some 20 µs) when an answer is on its way, and delays everybody when
 * both threads share a core. So the time shrinks each time that it was spent in vain, and is tried in full now and then.
 */
const longestLook = 0.05;
const shortestLook = 0.002;
const tryAgain = 64;
const farAway = 2 ** 31 - 1;

export function createDoorbell(setup: RingSetup, member: number, ready: () => boolean, arrived: () => void): Doorbell {
  const cells = cellsOf(setup);
  const cell = memberCell(member);
  // waitAsync alone does not keep a process alive.
  const alive = setInterval(() => undefined, farAway);
  let watching = false;
  let parked = false;
  let closed = false;
  /** Woken from parking; what is there now was not found by looking. */
  let woken = false;
  let since = 0;
  let patience = longestLook;
  let waits = 0;
  let limit = longestLook;

  function done(): void {
    watching = false;
    arrived();
  }
  function look(): void {
    if (closed) return;
    if (ready()) {
      if (!woken) patience = Math.min(longestLook, patience * 2);
      return done();
    }
    if (performance.now() - since < limit) return void setImmediate(look);
    if (!woken) patience = Math.max(shortestLook, patience / 2);
    park();
  }
  function begin(): void {
    since = performance.now();
    limit = ++waits % tryAgain === 0 ? longestLook : patience;
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
      if (closed) return;
      begin();
      woken = true;
      look();
    });
  }

  return {
    watch() {
      if (watching || closed) return;
      watching = true;
      woken = false;
      begin();
      setImmediate(look);
    },
    close() {
      if (closed) return;
      closed = true;
      clearInterval(alive);
      if (parked) Atomics.notify(cells, cell + Cell.doorbell);
    },
  };
}
