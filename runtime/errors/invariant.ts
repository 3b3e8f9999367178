/** Ends the worker when a promise of our own is broken: the message carries the values. Never for input, I/O or user code. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`Weir's own invariant is broken, please report it: ${message}`);
}
