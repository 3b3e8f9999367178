/** Operators that have nothing to do, operators that pass each record on, and steps of a flow that are fused into one function. */
import { createThreadFabrics } from "../../runtime/timely/communication/thread.ts";
import { createWorker, type InputHandle } from "../../runtime/timely/index.ts";
import { Dataflow } from "../../runtime/index.ts";
import { runMain } from "../../runtime/testing/index.ts";
import { least, plain, processorMs, type Table } from "./table.ts";
import { numbers } from "./numbers.ts";

const rounds = { full: 20_000, brief: 2_000, tiny: 10 };
const work = { full: 20_000_000, brief: 2_000_000, tiny: 20_000 };

function engine() {
  const worker = createWorker({ fabric: createThreadFabrics(1)[0]!, clock: () => 0 });
  const drain = (): void => {
    while (worker.busy()) worker.step();
  };
  return { worker, drain };
}

/** Nanoseconds for an epoch with one record, once all is warm. */
async function perEpoch(input: InputHandle<number, number>, drain: () => void, count: number): Promise<number> {
  let time = 0;
  const run = (): number => {
    const start = processorMs();
    for (let i = 0; i < count; i++) {
      input.send(i);
      input.advanceTo(++time);
      drain();
    }
    return ((processorMs() - start) * 1e6) / count;
  };
  run();
  return least(3, run);
}

/** Nanoseconds for a record and its epoch through two operators, next to `idle` that nothing reaches. */
async function nextToIdle(idle: number, count: number): Promise<number> {
  const { worker, drain } = engine();
  const input = worker.dataflow((scope) => {
    const [handle, stream] = scope.newInput<number>();
    const [, other] = scope.newInput<number>();
    let quiet = other;
    for (let i = 0; i < idle; i++) quiet = quiet.map((x) => x);
    stream.map((x) => x).probe();
    return handle;
  });
  drain();
  return perEpoch(input, drain, count);
}

/** Nanoseconds per operator for an epoch with one record to get through a chain. */
async function throughChain(length: number, count: number): Promise<number> {
  const { worker, drain } = engine();
  let last = -1;
  const input = worker.dataflow((scope) => {
    const [handle, stream] = scope.newInput<number>();
    let end = stream;
    for (let i = 0; i < length; i++) end = end.map((x) => x + 1);
    end.inspect((x) => void (last = x)).probe();
    return handle;
  });
  const cost = (await perEpoch(input, drain, count)) / length;
  if (last !== count - 1 + length) throw new Error(`${last} came out of a chain of ${length}`);
  return cost;
}

/** Nanoseconds per record and step of a flow's chain. */
async function fused(steps: number, all: number): Promise<number> {
  const count = Math.max(1_000, Math.floor(all / steps));
  let sum = 0;
  const flow = new Dataflow("chain");
  let stream = flow.input("numbers", numbers(count));
  for (let i = 0; i < steps; i++) stream = stream.map(`step ${i}`, (x) => x + 1);
  stream.output("sum", { kind: "dynamic", build: () => ({ writeBatch: (items) => void items.forEach((x) => (sum += x)) }) });
  const run = async (): Promise<number> => {
    sum = 0;
    const start = processorMs();
    await runMain(flow);
    if (sum !== (count * (count - 1)) / 2 + count * steps) throw new Error(`a chain of ${steps} steps adds up to ${sum}`);
    return ((processorMs() - start) * 1e6) / count / steps;
  };
  return least(2, run);
}

export const operatorsTable: Table = {
  name: "operators",
  work: "an epoch with one record next to so many idle operators; the same through a chain of so many; a flow with a chain of so many steps",
  sizes: { full: [1, 10, 100, 1_000, 10_000], brief: [1, 10, 100, 1_000, 10_000], tiny: [1, 10] },
  costs: [
    {
      name: "epoch next to idle operators",
      unit: "ns",
      linear: 0,
      otherwise: "something visits operators that have nothing to do",
    },
    {
      name: "epoch per operator of a chain",
      unit: "ns",
      linear: 0,
      otherwise: "progress of one operator costs more in a longer chain",
    },
    {
      name: "record per step of a flow",
      unit: "ns",
      linear: 0,
      otherwise: "a long chain is more than V8 compiles as one function",
    },
  ],
  show: plain,
  measure: async (size, scale) => [
    await nextToIdle(size, rounds[scale]),
    await throughChain(size, Math.max(5, Math.floor(rounds[scale] / size))),
    await fused(size, work[scale]),
  ],
};
