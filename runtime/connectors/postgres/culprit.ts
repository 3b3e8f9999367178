/** Finds the first row that cannot be written, by halving: a prefix fails when it holds such a row. */

/**
 * Of `count` rows of which all together fail, the place (from 0) of the first that makes a prefix fail, and why. `fails` tells
 * for the first `length` rows what goes wrong, undefined = nothing.
 */
export async function firstCulprit(
  count: number,
  fails: (length: number) => Promise<unknown>,
): Promise<{ readonly at: number; readonly why: unknown } | undefined> {
  let good = 0;
  let bad = count;
  let why = await fails(count);
  // It was not the rows, or it has passed.
  if (why === undefined) return undefined;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    const wrong = await fails(middle);
    if (wrong === undefined) good = middle;
    else {
      bad = middle;
      why = wrong;
    }
  }
  return { at: bad - 1, why };
}
