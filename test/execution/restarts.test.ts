import { expect, test } from "vitest";
import { WeirError } from "../../runtime/errors/index.ts";
import { createRestarts } from "../../runtime/execution/restarts.ts";

const interrupted = new WeirError("WEIR_SINK_INTERRUPTED", "the broker ended it");

function world(durable = true) {
  const pauses: number[] = [];
  const attempts: number[] = [];
  const restarts = createRestarts({
    durable,
    sleep: async (ms) => void pauses.push(ms),
    onRestart: (_error, attempt) => attempts.push(attempt),
  });
  return { restarts, pauses, attempts };
}

test("eight in a row without a commit are too many; a commit begins the count anew", async () => {
  const { restarts, pauses, attempts } = world();
  const all = async (): Promise<boolean[]> => {
    const answers: boolean[] = [];
    for (let i = 0; i < 9; i++) answers.push(await restarts.again(interrupted));
    return answers;
  };
  const eight = [true, true, true, true, true, true, true, true, false];
  expect(await all()).toEqual(eight);
  expect(pauses).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000]);
  expect(attempts).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  restarts.progress();
  expect(await all()).toEqual(eight);
});

test("what a sink has lost passes only where there is a store to read from again; what cannot pass never does", () => {
  expect(world(true).restarts.passes(interrupted)).toBe(true);
  expect(world(false).restarts.passes(interrupted)).toBe(false);
  expect(world(true).restarts.passes(new WeirError("WEIR_SINK_FAILED", "no such topic"))).toBe(false);
});
