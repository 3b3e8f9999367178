/** Misuse of times, capabilities and the graph: a clear error at the earliest point. */
import { describe, expect, test } from "vitest";
import { createThreadFabrics } from "../../../runtime/timely/communication/thread.ts";
import {
  broadcast,
  buildOperator,
  type Capability,
  createWorker,
  type InputPort,
  type OutputPort,
  type OutputSession,
  pipeline,
  type Scope,
  type TimelyStream,
} from "../../../runtime/timely/index.ts";

const newWorker = () => createWorker({ fabric: createThreadFabrics(1)[0]!, clock: () => 0 });

/** Sends one record at time 5 into an operator and runs it. */
function feed(
  logic: (input: InputPort<string, number>, output: OutputPort<string, number>, initial: Capability<number>) => void,
): void {
  const worker = newWorker();
  const input = worker.dataflow((scope) => {
    const [handle, stream] = scope.newInput<string>();
    stream.unary<string>(pipeline, "victim", (initial) => (port, output) => logic(port, output, initial));
    return handle;
  });
  input.advanceTo(5);
  input.send("x");
  input.flush();
  while (worker.busy()) worker.step();
}

const capabilityError = (pattern: RegExp) =>
  expect.objectContaining({ code: "WEIR_TIMELY_CAPABILITY", message: expect.stringMatching(pattern) });

describe("a capability", () => {
  const initial = (use: (capability: Capability<number>) => void) => () => feed((_input, _output, capability) => use(capability));

  test("is not delayed to an earlier time", () => {
    expect(initial((capability) => capability.delayed(3).delayed(2))).toThrow(
      capabilityError(/victim.*delayed: time 2 is not at or after 3/),
    );
    expect(initial((capability) => capability.downgrade(-1))).toThrow(capabilityError(/downgrade: time -1 is not at or after 0/));
  });

  test("is not used after it was dropped, though dropping it again is harmless", () => {
    expect(
      initial((capability) => {
        capability.drop();
        capability.drop();
      }),
    ).not.toThrow();
    for (const use of ["delayed", "downgrade", "clone"] as const) {
      const misuse = initial((capability) => {
        capability.drop();
        capability[use](1);
      });
      expect(misuse).toThrow(capabilityError(/dropped/));
    }
  });

  test.each([Number.NaN, Infinity, "1", [0, 1], undefined])("does not take %j for a time", (time) => {
    expect(initial((capability) => capability.delayed(time as number))).toThrow(
      expect.objectContaining({ code: "WEIR_TIMELY_TIME" }),
    );
  });

  test("of a batch is not kept without retain", () => {
    let kept: { time: number; retain(): Capability<number> } | undefined;
    expect(() =>
      feed((input) => {
        input.forEach((capability) => (kept = capability));
        kept?.retain();
      }),
    ).toThrow(capabilityError(/retain outside of the callback/));
    expect(() =>
      feed((input, output) => {
        input.forEach((capability) => (kept = capability));
        output.session(kept!, () => {});
      }),
    ).toThrow(capabilityError(/outside of its callback/));
  });

  test("of a batch allows its own time and later ones, not earlier ones", () => {
    expect(() =>
      feed((input, output) => input.forEach(() => output.session({ time: 7 }, (session) => session.give("later")))),
    ).not.toThrow();
    expect(() => feed((input, output) => input.forEach(() => output.session({ time: 4 }, () => {})))).toThrow(
      capabilityError(/sending at 4 without a capability/),
    );
  });

  test("of another operator is refused", () => {
    let stolen: Capability<number> | undefined;
    const worker = newWorker();
    worker.dataflow((scope) => {
      const [, stream] = scope.newInput<string>();
      stream.unaryFrontier(pipeline, "owner", (initialOfOwner) => ((stolen = initialOfOwner), () => {}));
      stream.unaryFrontier<string>(pipeline, "thief", () => (_input, output) => output.session(stolen!, () => {}));
    });
    expect(() => worker.step()).toThrow(capabilityError(/thief.*capability of owner/));
  });

  test("is needed to send, and a session ends with its callback", () => {
    expect(() => feed((_input, output) => output.session({ time: 9 }, () => {}))).toThrow(capabilityError(/without a capability/));
    let kept: OutputSession<string> | undefined;
    expect(() =>
      feed((_input, output, capability) => {
        output.session(capability, (session) => (kept = session));
        kept!.give("late");
      }),
    ).toThrow(capabilityError(/session was used after/));
    expect(() =>
      feed((_input, output, capability) => {
        capability.drop();
        output.session(capability, () => {});
      }),
    ).toThrow(capabilityError(/dropped/));
  });

  test("is needed to ask for a notification", () => {
    const worker = newWorker();
    worker.dataflow((scope) => {
      const [, loop] = scope.feedback<null>(1);
      loop.unaryNotify(pipeline, "asker", [], (_input, _output, notificator) =>
        notificator.notifyAt({ time: 3 } as Capability<number>),
      );
    });
    expect(() => worker.step()).toThrow(capabilityError(/needs a capability/));
  });
});

describe("an input handle", () => {
  test("does not go back, and takes nothing after it was closed", () => {
    const worker = newWorker();
    const input = worker.dataflow((scope) => scope.newInput<number>()[0]);
    input.advanceTo(3);
    expect(() => input.advanceTo(2)).toThrow(/time 2 is not at or after 3/);
    expect(() => input.advanceTo(3)).not.toThrow();
    expect(input.time()).toBe(3);
    input.close();
    input.close();
    expect(() => input.send(1)).toThrow(/closed/);
    expect(() => input.sendBatch([1])).toThrow(/closed/);
    expect(() => input.advanceTo(4)).toThrow(/closed/);
  });
});

describe("the graph", () => {
  const graphError = (pattern: RegExp) =>
    expect.objectContaining({ code: "WEIR_TIMELY_GRAPH", message: expect.stringMatching(pattern) });
  const build = (body: (scope: Scope<number>, stream: TimelyStream<number, number>) => void) => () =>
    newWorker().dataflow((scope) => body(scope, scope.newInput<number>()[1]));

  test("has no loop that does not advance time", () => {
    expect(build((scope) => scope.feedback(0))).toThrow(graphError(/0 does not advance/));
    const through = build((scope, stream) => {
      const [handle, loop] = scope.feedback<number>(1);
      scope.iterative((nested) => {
        const [inner, again] = nested.feedback<number>([0, 1]);
        // Once round: enter, one step of the inner loop, leave. The step is forgotten on leaving.
        const left = again.map((x) => x).leave(scope);
        inner.connect(
          left
            .concat(stream)
            .map((x) => x)
            .enter(nested),
        );
      });
      handle.connect(loop.map((x) => x));
    });
    expect(through).toThrow(graphError(/loop.*does not advance.*map/s));
  });

  test("takes summaries of the scope's kind only", () => {
    expect(build((scope) => scope.feedback([0, 1]))).toThrow(graphError(/no summary for this scope/));
    expect(build((scope) => scope.iterative((nested) => nested.feedback(1)))).toThrow(graphError(/\[0, 1\] is one/));
    expect(build((scope) => scope.feedback(-1))).toThrow(graphError(/no summary/));
    expect(build((scope) => scope.iterative((nested) => nested.feedback([0, 0])))).toThrow(graphError(/does not advance/));
  });

  test("takes streams of its own scope and dataflow only", () => {
    expect(build((scope, stream) => scope.iterative((nested) => void nested.concatenate(stream as never)))).toThrow(
      graphError(/another scope/),
    );
    expect(build((scope, stream) => scope.iterative((nested) => void stream.leave(nested)))).toThrow(graphError(/leave/));
    expect(build((scope, stream) => stream.enter(scope.iterative((nested) => nested)).enter(scope))).toThrow(graphError(/enter/));
    const worker = newWorker();
    const other = worker.dataflow((scope) => scope.newInput<number>()[1]);
    expect(() => worker.dataflow((scope) => scope.newInput<number>()[1].concat(other))).toThrow(graphError(/another dataflow/));
  });

  test("is finished when its dataflow has been built", () => {
    const worker = newWorker();
    const stream = worker.dataflow((scope) => scope.newInput<number>()[1]);
    expect(() => stream.map((x) => x)).toThrow(graphError(/has been built/));
    expect(() => stream.probe()).toThrow(graphError(/has been built/));
  });

  test("has feedback connected once, and not to itself", () => {
    expect(
      build((scope, stream) => {
        const [handle] = scope.feedback<number>(1);
        handle.connect(stream);
        handle.connect(stream);
      }),
    ).toThrow(graphError(/connected twice/));
    expect(
      build((scope) => {
        const [handle, loop] = scope.feedback<number>(1);
        handle.connect(loop);
      }),
    ).toThrow(graphError(/connected to itself/));
    expect(
      build((scope) => {
        const [first, one] = scope.feedback<number>(1);
        const [second, two] = scope.feedback<number>(1);
        first.connect(two);
        second.connect(one);
      }),
    ).toThrow(graphError(/connected to itself/));
  });

  test("keeps records from outputs that an input is not connected to", () => {
    const worker = newWorker();
    const input = worker.dataflow((scope) => {
      const [handle, stream] = scope.newInput<number>();
      const spec = { name: "cut", inputs: [{ stream, pact: broadcast }], outputs: 1, initial: false, connected: () => false };
      buildOperator<number>(
        scope,
        spec,
        () =>
          ([port], [out]) =>
            port!.forEach((at, batch) => out!.giveBatch(at, batch)),
      );
      return handle;
    });
    input.send(1);
    expect(() => worker.step()).toThrow(/outside of its callback or at another operator|not connected/);
  });

  test("is not touched by a step within a step", () => {
    const worker = newWorker();
    worker.dataflow((scope) => {
      scope.newInput<number>()[1].unaryFrontier(pipeline, "nested step", () => () => void worker.step());
    });
    expect(() => worker.step()).toThrow(graphError(/step was called by an operator/));
  });
});
