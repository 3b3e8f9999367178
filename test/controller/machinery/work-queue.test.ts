import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createWorkQueue } from "../../../controller/machinery/index.ts";
import { createFakeClock } from "../fakes/clock.ts";

const create = () => {
  const clock = createFakeClock();
  return { clock, queue: createWorkQueue(clock, { backoff: { baseMs: 100, mostMs: 1000 } }) };
};

describe("the work queue", () => {
  test("gives each key out once, in the order of adding", async () => {
    const { queue } = create();
    for (const key of ["a", "b", "a", "c", "b"]) queue.add(key);
    expect(queue.length).toBe(3);
    expect([await queue.take(), await queue.take(), await queue.take()]).toEqual(["a", "b", "c"]);
  });

  test("never gives a key to two at a time, and gives it again when it was added meanwhile", async () => {
    const { queue } = create();
    queue.add("a");
    expect(await queue.take()).toBe("a");
    queue.add("a");
    queue.add("a");
    queue.add("b");
    expect(await queue.take()).toBe("b");
    queue.done("a");
    expect(await queue.take()).toBe("a");
    queue.done("a");
    expect(queue.length).toBe(0);
  });

  test("wakes those that wait, first come first served", async () => {
    const { queue } = create();
    const got: (string | undefined)[] = [];
    const first = queue.take().then((key) => got.push(`1${key}`));
    const second = queue.take().then((key) => got.push(`2${key}`));
    queue.add("a");
    queue.add("b");
    await Promise.all([first, second]);
    expect(got).toEqual(["1a", "2b"]);
  });

  test("adds later, the earliest time winning", async () => {
    const { clock, queue } = create();
    queue.addAfter("a", 500);
    queue.addAfter("a", 200);
    queue.addAfter("a", 900);
    await clock.advance(199);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(queue.length).toBe(1);
    await clock.advance(10_000);
    expect(queue.length).toBe(1);
    expect(clock.pending()).toBe(0);
  });

  test("adding at once overtakes a delay", async () => {
    const { clock, queue } = create();
    queue.addAfter("a", 500);
    queue.add("a");
    expect(await queue.take()).toBe("a");
    queue.done("a");
    await clock.advance(1000);
    expect(queue.length).toBe(0);
  });

  test("lets failures come back later and later, up to a bound, until forgotten", async () => {
    const { clock, queue } = create();
    const waited: number[] = [];
    for (let i = 0; i < 6; i++) {
      queue.addRateLimited("a");
      const began = clock.now();
      while (queue.length === 0) await clock.advance(50);
      waited.push(clock.now() - began);
      queue.done((await queue.take())!);
    }
    expect(waited).toEqual([100, 200, 400, 800, 1000, 1000]);
    queue.forget("a");
    queue.addRateLimited("a");
    await clock.advance(100);
    expect(queue.length).toBe(1);
  });

  test("ends those that wait when it is closed, and takes nothing more", async () => {
    const { queue, clock } = create();
    const waiting = queue.take();
    queue.addAfter("a", 10);
    queue.close();
    expect(await waiting).toBeUndefined();
    queue.add("b");
    await clock.advance(100);
    expect([await queue.take(), queue.length, clock.pending()]).toEqual([undefined, 0, 0]);
  });

  test("loses no key and doubles none, whatever the order of calls", async () => {
    const call = fc.tuple(fc.constantFrom("add", "after", "take", "done", "advance"), fc.constantFrom("a", "b", "c"));
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 60 }), async (calls) => {
        const { clock, queue } = create();
        const wanted = new Set<string>();
        const working = new Set<string>();
        const take = async () => {
          const key = (await queue.take())!;
          expect(working.has(key)).toBe(false);
          expect(wanted.has(key)).toBe(true);
          wanted.delete(key);
          working.add(key);
        };
        for (const [kind, key] of calls) {
          if (kind === "add" || kind === "after") wanted.add(key);
          if (kind === "add") queue.add(key);
          if (kind === "after") queue.addAfter(key, 30);
          if (kind === "advance") await clock.advance(20);
          if (kind === "take" && queue.length > 0) await take();
          if (kind === "done" && working.delete(key)) queue.done(key);
        }
        for (const key of working) queue.done(key);
        working.clear();
        await clock.advance(100);
        while (queue.length > 0) await take();
        expect([...wanted]).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
