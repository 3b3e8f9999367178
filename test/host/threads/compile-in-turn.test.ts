import { expect, test } from "vitest";
import { compileInTurn } from "../../../runtime/host/threads/compile-in-turn.ts";

const flags = (threads: number, cores: number): string[] => {
  const set: string[] = [];
  compileInTurn(threads, cores, (flag) => void set.push(flag));
  return set;
};

test("workers that keep all cores busy compile in their own turns, others leave it to V8's threads", () => {
  expect(flags(2, 2)).toEqual(["--no-concurrent-recompilation"]);
  expect(flags(8, 4)).toEqual(["--no-concurrent-recompilation"]);
  expect(flags(2, 4)).toEqual([]);
  expect(flags(1, 1)).toEqual([]);
});
