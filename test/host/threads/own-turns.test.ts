import { expect, test } from "vitest";
import { keepToOwnTurns } from "../../../runtime/host/threads/own-turns.ts";

const flags = (threads: number, cores: number): string[] => {
  const set: string[] = [];
  keepToOwnTurns(threads, cores, (flag) => void set.push(flag));
  return set;
};

test("workers that keep all cores busy compile and collect in their own turns, others leave it to V8's threads", () => {
  const own = ["--no-concurrent-recompilation", "--no-parallel-scavenge"];
  expect(flags(2, 2)).toEqual(own);
  expect(flags(8, 4)).toEqual(own);
  expect(flags(2, 4)).toEqual([]);
  expect(flags(1, 1)).toEqual([]);
});
