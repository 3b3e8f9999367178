// The contract over rings, all ends in one thread; with rings so small that most messages do not fit, too.
import { expect, test } from "vitest";
import { abortRings, createRings, openRings } from "../../../../runtime/timely/communication/rings/index.ts";
import { fabricContract } from "../fabric-contract.ts";

for (const capacity of [undefined, 256]) {
  fabricContract({
    name: capacity === undefined ? "a group of rings" : `a group of rings of ${capacity} bytes`,
    smallWindow: 10_000,
    shared: true,
    make(workers, options) {
      const rings = createRings({ workers, ...options, ...(capacity === undefined ? {} : { capacity }) });
      const fabrics = Array.from({ length: workers }, (_, thread) => openRings(rings, thread));
      return {
        fabrics,
        fail: (error) => abortRings(rings, error),
        close: () => fabrics.forEach((fabric) => fabric.close()),
      };
    },
  });
}

test("who lingers finds what another thread has sent", () => {
  const rings = createRings({ workers: 2 });
  const [a, b] = [openRings(rings, 0), openRings(rings, 1)];
  a.send(1, { kind: "progress", dataflow: 0, changes: [1, 2, 3] });
  expect(b.linger!()).toBe(false);
  a.flush();
  expect(b.linger!()).toBe(true);
  expect(b.receive((message) => expect(message).toStrictEqual({ kind: "progress", dataflow: 0, changes: [1, 2, 3] }))).toBe(true);
  expect(b.linger!()).toBe(false);
  a.close();
  b.close();
});
