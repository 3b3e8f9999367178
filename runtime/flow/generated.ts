/**
 * Functions made of source text, for loops that call users' closures. V8 shares what it learns about a call site between all
 * functions of equal source, so each one gets a number of its own: its call sites then see one closure only, and inline it.
 */
let serial = 0;

/** Evaluates `source`, which may use the names in `bindings`, and gives what it returns. */
export function generated<F>(bindings: Readonly<Record<string, unknown>>, source: string): F {
  const unique = `"use strict"; // ${serial++}\n${source}`;
  // oxlint-disable-next-line typescript/no-implied-eval -- the text is made of our own templates and numbers alone
  return new Function(...Object.keys(bindings), unique)(...Object.values(bindings)) as F;
}
