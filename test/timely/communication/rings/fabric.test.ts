// The contract over rings, all ends in one thread; with rings so small that most messages do not fit, too.
import { abortRings, createRings, openRings } from "../../../../runtime/timely/communication/rings/index.ts";
import { fabricContract } from "../fabric-contract.ts";

for (const capacity of [undefined, 256]) {
  fabricContract({
    name: capacity === undefined ? "a group of rings" : `a group of rings of ${capacity} bytes`,
    smallWindow: 10_000,
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
