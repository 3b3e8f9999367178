/** Numbers in [0, 1) that depend on nothing but their arguments, so that an event is the same whenever and wherever it is made. */

/** The finalizer of MurmurHash3 (Austin Appleby), over a mix of the three. */
export function randomAt(seed: number, event: number, draw: number): number {
  let hash = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(event + 1, 0xc2b2ae35) ^ Math.imul(draw + 1, 0x27d4eb2f);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/** A whole number from 0 to `below` − 1. */
export function integerAt(seed: number, event: number, draw: number, below: number): number {
  return Math.floor(randomAt(seed, event, draw) * below);
}
