import fc from "fast-check";
import { expect, test } from "vitest";
import { Dataflow, type JoinEmit, type JoinInsert } from "../../../runtime/flow/index.ts";
import { arraySink, listSource, run } from "../harness.ts";

type Event = readonly [key: string, side: number, value: number];
type Row = readonly [string, readonly (number | null)[]];

/** The plain model: one key at a time, in the order of arrival. */
function model(events: readonly Event[], sides: number, insert: JoinInsert, emit: JoinEmit): Row[] {
  const rows: Row[] = [];
  for (const key of [...new Set(events.map(([k]) => k))].toSorted()) {
    let kept: number[][] = Array.from({ length: sides }, () => []);
    const product = (): (number | null)[][] => {
      const choices = kept.map((list) => (list.length === 0 ? [null] : list));
      return choices.reduce<(number | null)[][]>((done, list) => done.flatMap((row) => list.map((value) => [...row, value])), [[]]);
    };
    const put = () => rows.push(...product().map((row): Row => [key, row]));
    for (const [k, side, value] of events) {
      if (k !== key) continue;
      if (insert === "product") kept[side]!.push(value);
      else if (insert === "last" || kept[side]!.length === 0) kept[side] = [value];
      if (emit === "running") put();
      if (emit === "complete" && kept.every((list) => list.length > 0)) {
        put();
        kept = kept.map(() => []);
      }
    }
    if (emit === "final") put();
  }
  return rows;
}

for (const insert of ["first", "last", "product"] as const) {
  for (const emit of ["complete", "final", "running"] as const) {
    test(`join ${insert} × ${emit} agrees with the model on 1 to 3 workers`, async () => {
      const event = fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.nat({ max: 2 }), fc.nat({ max: 99 }));
      // One source part: the order of a key's values over all sides is then the order of the list.
      const property = fc.asyncProperty(
        fc.array(event, { maxLength: 12 }),
        fc.constantFrom(1, 2, 3),
        fc.constantFrom(1, 4),
        async (events, workers, batch) => {
          const out: Row[] = [];
          const flow = new Dataflow("join");
          const [a, b, c] = [0, 1, 2].map((side) =>
            flow
              .input(`in${side}`, listSource([events.map((one, order) => ({ one, order }))], batch))
              .filter(`side${side}`, ({ one }) => one[1] === side)
              .keyBy(`key${side}`, ({ one }) => one[0])
              .mapValue(`value${side}`, ({ one }) => one[2]),
          );
          a!.join("join", [b!, c!], { insert, emit }).output("out", arraySink(out));
          await run(flow, { workers });
          const bySide = [0, 1, 2].flatMap((side) => events.filter((one) => one[1] === side));
          if (emit === "final") expect(out.toSorted(byKey)).toEqual(model(bySide, 3, insert, emit).toSorted(byKey));
          else {
            // Sides arrive by different channels in any order: what does not depend on it is checked here.
            const keys = new Set(out.map(([key]) => key));
            const expected = model(events, 3, insert, emit);
            if (emit === "running" && insert !== "product") expect(out.length).toBe(expected.length);
            if (emit === "complete") for (const [, row] of out) expect(row).not.toContain(null);
            for (const key of keys) expect(events.some(([k]) => k === key)).toBe(true);
          }
        },
      );
      await fc.assert(property, { numRuns: 12 });
    });

    test(`join ${insert} × ${emit}: rows in the order of arrival`, async () => {
      const event = fc.tuple(fc.constantFrom("a", "b"), fc.nat({ max: 1 }), fc.nat({ max: 99 }));
      const property = fc.asyncProperty(fc.array(event, { maxLength: 10 }), async (events) => {
        const out: Row[] = [];
        const flow = new Dataflow("join");
        // Each event is an epoch of its own, so that the order between the sides is that of the list.
        const input = flow.input("in", listSource([events], 1));
        const side = (index: number) =>
          input
            .filter(`side${index}`, (one) => one[1] === index)
            .keyBy(`key${index}`, (one) => one[0])
            .mapValue(`value${index}`, (one) => one[2]);
        side(0)
          .join("join", [side(1)], { insert, emit })
          .output("out", arraySink(out));
        await run(flow, { perBatch: true });
        expect(out.toSorted(byKey)).toEqual(model(events, 2, insert, emit));
      });
      await fc.assert(property, { numRuns: 12 });
    });
  }
}

function byKey([a]: Row, [b]: Row): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
