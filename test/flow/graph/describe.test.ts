import { expect, test } from "vitest";
import { Dataflow, describe } from "../../../runtime/index.ts";
import { testSink, testSource } from "../../../runtime/testing/index.ts";

test("a loop is fed by what goes round, and what leaves it comes from the step that hands it out", () => {
  const flow = new Dataflow("collatz");
  flow
    .input("numbers", testSource([6]))
    .iterate("loop", (loop) => {
      const { trues: done, falses: going } = loop.branch("done", (n) => n === 1);
      return { again: going.map("next", (n) => n), out: done };
    })
    .map("after", (n) => n)
    .output("out", testSink<number>([]));
  const { steps } = describe(flow);
  expect(Object.fromEntries(steps.map(({ step, upstream }) => [step, upstream]))).toEqual({
    numbers: [],
    loop: ["numbers", "next"],
    done: ["loop"],
    next: ["done"],
    after: ["done"],
    out: ["after"],
  });
});
