import type { DynamicSink } from "../flow/index.ts";
import { refuseOption } from "../flow/option-checks.ts";
import { show } from "../flow/show.ts";

/** Appends everything that arrives, on any worker of this thread, to `out`. At least once: a resumed run may repeat items. */
export function testSink<T>(out: T[]): DynamicSink<T> {
  if (!Array.isArray(out)) refuseOption("testSink", "out", "an array", show(out));
  return {
    kind: "dynamic",
    build: () => ({
      writeBatch(items) {
        for (const item of items) out.push(item);
      },
    }),
  };
}
