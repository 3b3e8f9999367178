import fc from "fast-check";
import { expect, test } from "vitest";
import { firstCulprit } from "../../../runtime/connectors/postgres/culprit.ts";

test("the first bad row is found in a logarithm of attempts, with its own reason", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5_000 }), fc.array(fc.nat(4_999), { maxLength: 4 }), async (count, bad) => {
      let attempts = 0;
      const first = Math.min(...bad.filter((at) => at < count));
      const found = await firstCulprit(count, async (length) => {
        attempts++;
        const at = bad.filter((one) => one < length).toSorted((a, b) => a - b)[0];
        return at === undefined ? undefined : `row ${at}`;
      });
      expect(found).toEqual(first === Infinity ? undefined : { at: first, why: `row ${first}` });
      expect(attempts).toBeLessThanOrEqual(15);
    }),
    { numRuns: 200 },
  );
});
