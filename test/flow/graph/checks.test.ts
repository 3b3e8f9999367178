import { expect, test } from "vitest";
import { checkFlow, Dataflow, describe, systemClock, tumbling } from "../../../runtime/flow/index.ts";
import { arraySink, listSource } from "../harness.ts";

const source = () => listSource([[1, 2, 3]]);
const start = (id = "flow") => new Dataflow(id).input("in", source());

test("a flow needs an id", () => {
  for (const id of ["", undefined, 7])
    expect(() => new Dataflow(id as string)).toThrow(expect.objectContaining({ code: "WEIR_FLOW_ID" }));
});

test("a step's id is a non-empty string without dots, used once", () => {
  const stream = start();
  expect(() => stream.map("", (n) => n)).toThrow(expect.objectContaining({ code: "WEIR_STEP_ID" }));
  expect(() => stream.map("a.b", (n) => n)).toThrow(expect.objectContaining({ code: "WEIR_STEP_ID", step: "a.b" }));
  stream.map("a", (n) => n);
  expect(() => stream.filter("a", () => true)).toThrow(expect.objectContaining({ code: "WEIR_STEP_DUPLICATE", step: "a" }));
  expect(() => stream.flow.input("in", source())).toThrow(expect.objectContaining({ code: "WEIR_STEP_DUPLICATE", step: "in" }));
});

test("options are checked where they are written", () => {
  const stream = start();
  const keyed = stream.keyBy("key", String);
  const refused = expect.objectContaining({ code: "WEIR_FLOW_OPTION" });
  expect(() => stream.map("m", 7 as never)).toThrow(refused);
  expect(() => stream.mapAsync("ma", async (n) => n, { concurrency: 0 })).toThrow(refused);
  expect(() => keyed.collect("c", { maxSize: 0, timeoutMs: 1 })).toThrow(refused);
  expect(() => keyed.join("j", [keyed], { insert: "newest" as never })).toThrow(/"first", "last", "product"/);
  expect(() => stream.output("o", { kind: "other" } as never)).toThrow(refused);
  expect(() => stream.flow.input("i", {} as never)).toThrow(refused);
});

test("streams of two flows do not mix", () => {
  const foreign = expect.objectContaining({ code: "WEIR_FLOW_FOREIGN_STREAM", step: "m" });
  expect(() => start().merge("m", start("other"))).toThrow(foreign);
  expect(() => start().merge("m", undefined as never)).toThrow(foreign);
});

test("a flow to run has an input and an output", () => {
  expect(() => checkFlow(new Dataflow("f"))).toThrow(expect.objectContaining({ code: "WEIR_FLOW_NO_INPUT" }));
  const stream = start();
  expect(() => checkFlow(stream.flow)).toThrow(expect.objectContaining({ code: "WEIR_FLOW_NO_OUTPUT" }));
  stream.inspect("see", () => undefined);
  checkFlow(stream.flow);
});

test("a window has exactly one operation", () => {
  const keyed = start().keyBy("key", String);
  const window = keyed.window("w", { clock: systemClock(), windower: tumbling({ lengthMs: 10, alignTo: 0 }) });
  window.count().down.output("o", arraySink([]));
  expect(() => window.max()).toThrow(expect.objectContaining({ code: "WEIR_WINDOW_UNUSED", step: "w" }));
  keyed.window("unused", { clock: systemClock(), windower: tumbling({ lengthMs: 10, alignTo: 0 }) });
  expect(() => checkFlow(keyed.flow)).toThrow(expect.objectContaining({ code: "WEIR_WINDOW_UNUSED", step: "unused" }));
});

test("a loop's streams stay inside of it, and its body has no inputs and outputs", () => {
  const stream = start();
  let inner: typeof stream | undefined;
  stream.iterate("loop", (loop) => {
    inner = loop.map("more", (n) => n + 1);
    expect(() => stream.flow.input("i", listSource([[1]]))).toThrow(
      expect.objectContaining({ code: "WEIR_FLOW_OPTION", step: "i" }),
    );
    expect(() => loop.output("o", arraySink([]))).toThrow(expect.objectContaining({ code: "WEIR_FLOW_OPTION" }));
    const again = inner.filter("again", (n) => n < 10);
    return { again, out: inner };
  });
  expect(() => inner!.map("outside", (n) => n)).toThrow(
    expect.objectContaining({ code: "WEIR_FLOW_FOREIGN_STREAM", step: "outside" }),
  );
});

test("a flow describes itself", () => {
  const numbers = start();
  const keyed = numbers.keyBy("key", String);
  keyed.join("both", [keyed.mapValue("twice", (n) => n * 2)]).output("out", arraySink([]));
  expect(describe(numbers.flow)).toEqual({
    flow: "flow",
    steps: [
      { step: "in", kind: "input", upstream: [], stateful: false },
      { step: "key", kind: "keyBy", upstream: ["in"], stateful: false },
      { step: "twice", kind: "mapValue", upstream: ["key"], stateful: false },
      { step: "both", kind: "join", upstream: ["key", "twice"], stateful: true },
      { step: "out", kind: "output", upstream: ["both"], stateful: false },
    ],
  });
});
