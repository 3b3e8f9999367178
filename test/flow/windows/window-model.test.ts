import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type WindowAggregate,
  type WindowMeta,
  type Windower,
  collectWindow,
  countWindow,
  session,
  sliding,
  tumbling,
} from "../../../runtime/flow/windows/index.ts";
import { type Shape, type Step, byName, judge, windowIds, windowsOf } from "./model.ts";
import { type OneKey, type Timed, oneKey, timed } from "./one-key.ts";

const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

const aligned = fc
  .record({
    offsetMs: fc.integer({ min: 1, max: 12 }),
    more: fc.integer({ min: 0, max: 25 }),
    alignTo: fc.integer({ min: -30, max: 30 }),
  })
  .map(({ offsetMs, more, alignTo }): Shape => ({ kind: "aligned", lengthMs: offsetMs + more, offsetMs, alignTo }));
const tumblingShape = fc
  .record({ lengthMs: fc.integer({ min: 1, max: 20 }), alignTo: fc.integer({ min: -30, max: 30 }) })
  .map(({ lengthMs, alignTo }): Shape => ({ kind: "aligned", lengthMs, offsetMs: lengthMs, alignTo }));
const sessions = fc.integer({ min: 0, max: 15 }).map((gapMs): Shape => ({ kind: "session", gapMs }));

/** Values around a time that moves on, out of order; time that passes; rebuilding from a snapshot. */
const scripts = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: fc.array(fc.record({ lead: fc.integer({ min: -25, max: 12 }) }), { minLength: 1, maxLength: 5 }) },
      { weight: 2, arbitrary: fc.integer({ min: 1, max: 30 }) },
      { weight: 2, arbitrary: fc.constant("rebuild" as const) },
    ),
    { maxLength: 12 },
  )
  .map((parts) => {
    let base = -20;
    let next = 0;
    return parts.map((part): Step => {
      if (part === "rebuild") return { rebuild: true };
      if (typeof part === "number") return { passMs: part };
      return { values: part.map(({ lead }) => ({ at: (base += 3) + lead, name: alphabet[next++]! })) };
    });
  });
const waits = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constant(Infinity));

function windowerOf(shape: Shape) {
  if (shape.kind === "session") return session(shape);
  return shape.lengthMs === shape.offsetMs ? tumbling(shape) : sliding(shape);
}

/** The same windows as a windower of a user's own: nobody but the windower knows what they are. */
const wrapped = (windower: Windower): Windower => ({ build: (resume) => windower.build(resume) });

/** Says at each change, and at the close, how many values there are. */
const counting: WindowAggregate<Timed, number> = {
  ...countWindow(),
  commutes: false,
  changed(count, windowId, events) {
    events.down(windowId, `${count} so far`);
    return count;
  },
};

function play(key: OneKey<Timed>, script: readonly Step[], rebuilding: boolean, oneByOne = false): void {
  for (const step of script) {
    if ("passMs" in step) key.advanceTo(key.now + step.passMs);
    else if ("rebuild" in step) {
      if (rebuilding) key.rebuild();
    } else if (oneByOne) for (const value of step.values) key.batch(value);
    else key.batch(...step.values);
  }
  key.eof();
}

for (const [name, shapes] of [
  ["tumbling", tumblingShape],
  ["sliding", aligned],
  ["session", sessions],
] as const) {
  for (const ordered of [true, false]) {
    test(`${name}, ${ordered ? "ordered" : "on arrival"}: every value on time is in its windows, every other one is late, through any rebuilds`, () => {
      fc.assert(
        fc.property(shapes, waits, scripts, fc.boolean(), fc.boolean(), (shape, waitMs, script, oneByOne, own) => {
          const windower = own ? wrapped(windowerOf(shape)) : windowerOf(shape);
          const key = oneKey({ windower, aggregate: collectWindow<Timed>(), clock: timed(waitMs), ordered });
          play(key, script, true, oneByOne);

          const { onTime, late } = judge(shape, waitMs, script);
          const expected = onTime.flatMap((life) => windowsOf(shape, life, ordered));
          const metas = new Map<number, WindowMeta[]>();
          for (const [id, meta] of key.meta) metas.set(id, [...(metas.get(id) ?? []), meta as WindowMeta]);
          const found = key.down.map(([id, list]) => {
            const { openTime, closeTime } = metas.get(id)!.shift()!;
            const members = shape.kind === "session" && !ordered ? (list as Timed[]).toSorted(byName) : (list as Timed[]);
            return { openTime, closeTime, names: members.map((value) => value.name).join("") };
          });
          const inOrder = <T extends { openTime: number; names: string }>(windows: T[]) =>
            windows.toSorted((a, b) => a.openTime - b.openTime || (a.names < b.names ? -1 : 1));
          expect(inOrder(found)).toEqual(inOrder(expected));
          const lateIds = late.flatMap((value) =>
            (shape.kind === "session" ? [-1] : windowIds(shape, value.at)).map((id) => [id, value]),
          );
          expect(key.late).toEqual(lateIds);
        }),
        { numRuns: 400 },
      );
    });
  }

  test(`${name}: count agrees with collect`, () => {
    fc.assert(
      fc.property(shapes, waits, scripts, (shape, waitMs, script) => {
        const options = { windower: windowerOf(shape), clock: timed(waitMs) };
        const lists = oneKey({ ...options, aggregate: collectWindow<Timed>() });
        const counts = oneKey<Timed>({ ...options, aggregate: countWindow() });
        play(lists, script, false);
        play(counts, script, true);
        expect(counts.down).toEqual(lists.down.map(([id, list]) => [id, (list as Timed[]).length]));
        expect(counts.meta).toEqual(lists.meta);
        expect(counts.late).toEqual(lists.late);
      }),
      { numRuns: 200 },
    );
  });

  test(`${name}: a windower that is wrapped closes the same windows in the same order, each value alone or together`, () => {
    fc.assert(
      fc.property(shapes, waits, scripts, fc.boolean(), fc.boolean(), (shape, waitMs, script, running, ordered) => {
        const options = { aggregate: running ? counting : collectWindow<Timed>(), clock: timed(waitMs), ordered };
        const [known, own] = [windowerOf(shape), wrapped(windowerOf(shape))].map((windower) => oneKey({ ...options, windower }));
        play(known!, script, true);
        play(own!, script, true);
        expect([own!.down, own!.late, own!.meta]).toEqual([known!.down, known!.late, known!.meta]);
        expect(own!.alive()).toBe(known!.alive());
      }),
      { numRuns: 200 },
    );
  });
}
