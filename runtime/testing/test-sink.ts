import type { DynamicSink } from "../flow/index.ts";

/** Appends everything that arrives, on any worker of this thread, to `out`. At least once: a resumed run may repeat items. */
export function testSink<T>(out: T[]): DynamicSink<T> {
  return {
    kind: "dynamic",
    build: () => ({
      writeBatch(items) {
        for (const item of items) out.push(item);
      },
    }),
  };
}
