import fc from "fast-check";
import { expect, test } from "vitest";
import { TimestampQueue } from "../../../runtime/flow/windows/timestamp-queue.ts";

test("hands out by timestamp and arrival, whatever is pushed in between, like a stable sort", () => {
  const steps = fc.array(fc.oneof(fc.record({ push: fc.integer({ min: 0, max: 9 }) }), fc.constant({ shift: true as const })), {
    maxLength: 300,
  });
  fc.assert(
    fc.property(steps, (script) => {
      const queue = new TimestampQueue<number>();
      const model: { time: number; arrival: number }[] = [];
      let arrival = 0;
      for (const step of script) {
        if ("push" in step) {
          queue.push(step.push, arrival);
          model.push({ time: step.push, arrival: arrival++ });
          model.sort((a, b) => a.time - b.time || a.arrival - b.arrival);
        } else if (model.length > 0) {
          expect(queue.shift()).toBe(model.shift()!.arrival);
        }
        expect(queue.size).toBe(model.length);
        expect(queue.first).toBe(model[0]?.time ?? Infinity);
        expect(queue.toColumns()).toEqual({ times: model.map((entry) => entry.time), values: model.map((entry) => entry.arrival) });
      }
    }),
    { numRuns: 200 },
  );
});
