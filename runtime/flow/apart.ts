/**
 * Calls `loop` so that V8 does not compile it into its caller. What is called from one place with one function is inlined; a long loop, compiled
 * as well as can be for itself, is then run as a part of a caller that is called too seldom to be compiled that well. This place
 * sees several functions. It costs nanoseconds: for once a chunk, not once a record.
 */
export function apart<A, B, C, D>(loop: (a: A, b: B, c: C, d: D) => void, a: A, b: B, c: C, d: D): void {
  loop(a, b, c, d);
}

// Two functions are enough for V8 to see that there may be any.
apart(() => undefined, 0, 0, 0, 0);
apart(() => 0, 0, 0, 0, 0);
