/**
 * Whole programs under shuffled deliveries, against a slow and obvious model.
 *
 * A program is: operators on the root scope → a nested loop of operators → operators on the root scope, closed to an outer loop;
 * edges inside of the three stages are random. Every operator sends records on by rules that depend on the record alone, asks for a
 * notification at each time it sees, and sends at it how many records it saw at that time.
 *
 * Safety: nothing arrives at or before a time that a frontier has passed; frontiers only advance; a notification sees all
 * records of its time. Liveness: everything completes. Result: each worker's operators see the records of the model.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  buildOperator,
  type Capability,
  exchange,
  type InputPort,
  Notifications,
  type OutputPort,
  pipeline,
  type Scope,
  type TimelyStream,
} from "../../runtime/timely/index.ts";
import { frontierLessEqual, sameTime, type Time } from "../../runtime/timely/progress/index.ts";
import { createWorker } from "../../runtime/timely/worker.ts";
import { createShufflingNetwork, seededRandom } from "./shuffling-fabric.ts";

interface Node {
  /** Operators of the same stage, before this one, whose output it reads as well. */
  readonly reads: readonly number[];
  readonly exchanged: boolean;
  readonly notify: boolean;
  readonly salt: number;
}
interface Program {
  readonly peers: number;
  readonly stages: readonly [Node[], Node[], Node[]];
  readonly loops: boolean;
  /** Per worker: [time, value] in the order of times. */
  readonly input: readonly (readonly (readonly [time: number, value: number])[])[];
  readonly seed: number;
}

const lastOuter = 3;
const lastInner = 3;
const node = fc.record({
  reads: fc.array(fc.nat(3), { maxLength: 2 }),
  exchanged: fc.boolean(),
  notify: fc.boolean(),
  salt: fc.nat(1000),
});
const stage = fc.array(node, { minLength: 1, maxLength: 3 });
const programs: fc.Arbitrary<Program> = fc.integer({ min: 1, max: 4 }).chain((peers) =>
  fc.record({
    peers: fc.constant(peers),
    stages: fc.tuple(stage, stage, stage),
    loops: fc.boolean(),
    input: fc
      .array(fc.array(fc.tuple(fc.nat(2), fc.nat(1000)), { maxLength: 5 }), { minLength: peers, maxLength: peers })
      .map((workers) => workers.map((records) => records.toSorted((a, b) => a[0] - b[0]))),
    seed: fc.nat(),
  }),
);

const mix = (value: number, salt: number): number => (Math.imul(value ^ (salt * 2_654_435_761), 0x45d9f3b) >>> 7) % 100_003;
/** What an operator makes of a record: nothing, or one. */
const follow = (value: number, salt: number): number | undefined => (value % 5 === salt % 5 ? undefined : mix(value, salt));
const loopsOn = (value: number): boolean => value % 3 !== 0;

/** Who saw what: one line per operator, worker, time and record. */
type Log = string[];
const line = (operator: string, worker: number, time: Time, value: number | string): string =>
  `${operator} @${worker} ${JSON.stringify(time)} ${value}`;

function buildProgram(scope: Scope<number>, program: Program, worker: number, log: Log) {
  const [input, records] = scope.newInput<number>();
  const [outerLoop, again] = scope.feedback<number>(1);
  const before = buildStage(scope, program.stages[0], 0, [records, again], worker, log);
  const inside = scope.iterative((nested) => {
    const [innerLoop, round] = nested.feedback<number>([0, 1]);
    const last = buildStage(nested, program.stages[1], 1, [before.enter(nested), round], worker, log);
    innerLoop.connect(
      program.loops
        ? last.unary(
            pipeline,
            "gate",
            gate((time) => time[1] < lastInner),
          )
        : last.filter(() => false),
    );
    return last.leave(scope);
  });
  const after = buildStage(scope, program.stages[2], 2, [inside], worker, log);
  outerLoop.connect(
    program.loops
      ? after.unary(
          pipeline,
          "gate",
          gate((time) => time < lastOuter),
        )
      : after.filter(() => false),
  );
  return { input, probe: after.probe() };
}

function gate<T>(open: (time: T) => boolean) {
  return (initial: Capability<T>) => {
    initial.drop();
    return (input: InputPort<number, T>, output: OutputPort<number, T>) =>
      input.forEach((at, batch) => {
        if (open(at.time)) output.session(at, (session) => batch.forEach((value) => loopsOn(value) && session.give(value)));
      });
  };
}

function buildStage<T>(
  scope: Scope<T>,
  nodes: readonly Node[],
  number: number,
  first: TimelyStream<number, T>[],
  worker: number,
  log: Log,
) {
  const outputs: TimelyStream<number, T>[] = [];
  nodes.forEach((spec, n) => {
    const sources = n === 0 ? first : [...new Set([n - 1, ...spec.reads.filter((read) => read < n)])].map((read) => outputs[read]!);
    outputs.push(buildNode(scope, `${number}.${n}`, spec, sources, worker, log));
  });
  return outputs.at(-1)!;
}

function buildNode<T>(
  scope: Scope<T>,
  name: string,
  spec: Node,
  sources: readonly TimelyStream<number, T>[],
  worker: number,
  log: Log,
) {
  const pact = spec.exchanged ? exchange((value: number) => value) : pipeline;
  const inputs = sources.map((stream) => ({ stream, pact }));
  const [output] = buildOperator<T>(scope, { name, inputs, outputs: 1, notify: true }, ({ initial }) => {
    initial[0]!.drop();
    const notifications = new Notifications<T>(name, depthOf(scope));
    const passed = inputs.map((): readonly T[] | undefined => undefined);
    const seen: { time: T; count: number }[] = [];
    return (ports, [out]) => {
      ports.forEach((port, i) => {
        const frontier = [...port.frontier()];
        port.forEach((at, batch) => {
          const known = passed[i];
          if (known !== undefined && !frontierLessEqual(known as readonly Time[], at.time as Time)) {
            throw new Error(`${name}: ${JSON.stringify(at.time)} arrived behind the frontier ${JSON.stringify(known)}`);
          }
          const entry = seen.find(({ time }) => sameTime(time as Time, at.time as Time));
          if (entry !== undefined) entry.count += batch.length;
          else {
            seen.push({ time: at.time, count: batch.length });
            if (spec.notify) notifications.notifyAt(at.retain());
          }
          out!.session(at, (session) => {
            for (const value of batch as number[]) {
              log.push(line(name, worker, at.time as Time, value));
              const result = follow(value, spec.salt);
              if (result !== undefined) session.give(result);
            }
          });
        });
        const known = passed[i] as readonly Time[] | undefined;
        if (known !== undefined && !frontier.every((time) => frontierLessEqual(known, time as Time)))
          throw new Error(`${name}: a frontier went back`);
        passed[i] = frontier;
      });
      for (const capability of notifications.take(ports)) {
        const { count } = seen.find(({ time }) => sameTime(time as Time, capability.time as Time))!;
        log.push(line(name, worker, capability.time as Time, `all ${count}`));
        out!.session(capability, (session) => session.give(mix(count, spec.salt)));
        capability.drop();
      }
    };
  });
  return output as TimelyStream<number, T>;
}

const depthOf = (scope: Scope<unknown>): number => (scope as unknown as { coordinates: number }).coordinates;

/** Runs the rules on one list of records, always at the place where nothing earlier can come any more. */
function model(program: Program): Log {
  interface Event {
    stage: number;
    node: number;
    worker: number;
    time: Time;
    value?: number;
  }
  const log: Log = [];
  const pending: Event[] = [];
  const counts = new Map<string, number>();
  const outerOf = (time: Time): number => (typeof time === "number" ? time : (time[0] as number));
  const innerOf = (time: Time): number => (typeof time === "number" ? 0 : time[1]);
  // The order in which things can depend on each other; a notification comes after all records of its place and time.
  const order = (a: Event, b: Event): number =>
    outerOf(a.time) - outerOf(b.time) ||
    a.stage - b.stage ||
    innerOf(a.time) - innerOf(b.time) ||
    a.node - b.node ||
    Number(a.value === undefined) - Number(b.value === undefined);
  const arrive = (stageOf: number, nodeOf: number, worker: number, time: Time, value: number): void => {
    const { exchanged } = program.stages[stageOf]![nodeOf]!;
    pending.push({ stage: stageOf, node: nodeOf, worker: exchanged ? value % program.peers : worker, time, value });
  };
  const send = (event: Event, value: number): void => {
    const nodes = program.stages[event.stage]!;
    for (let n = event.node + 1; n < nodes.length; n++) {
      if (n === event.node + 1 || nodes[n]!.reads.includes(event.node)) arrive(event.stage, n, event.worker, event.time, value);
    }
    if (event.node < nodes.length - 1) return;
    const { time, worker } = event;
    if (event.stage === 0) arrive(1, 0, worker, [time, 0], value);
    if (event.stage === 1) {
      if (program.loops && innerOf(time) < lastInner && loopsOn(value))
        arrive(1, 0, worker, [outerOf(time), innerOf(time) + 1], value);
      arrive(2, 0, worker, outerOf(time), value);
    }
    if (event.stage === 2 && program.loops && (time as number) < lastOuter && loopsOn(value))
      arrive(0, 0, worker, (time as number) + 1, value);
  };
  program.input.forEach((records, worker) => records.forEach(([time, value]) => arrive(0, 0, worker, time, value)));
  while (pending.length > 0) {
    if (log.length > 20_000) throw new Error("the program is too large");
    const event = pending.reduce((least, other) => (order(other, least) < 0 ? other : least));
    pending.splice(pending.indexOf(event), 1);
    const name = `${event.stage}.${event.node}`;
    const spec = program.stages[event.stage]![event.node]!;
    const place = line(name, event.worker, event.time, "");
    if (event.value === undefined) {
      log.push(line(name, event.worker, event.time, `all ${counts.get(place)}`));
      send(event, mix(counts.get(place)!, spec.salt));
      continue;
    }
    log.push(line(name, event.worker, event.time, event.value));
    if (spec.notify && !counts.has(place)) pending.push({ ...event, value: undefined });
    counts.set(place, (counts.get(place) ?? 0) + 1);
    const result = follow(event.value, spec.salt);
    if (result !== undefined) send(event, result);
  }
  return log;
}

function run(program: Program, manyWorkers: number): Log {
  const random = seededRandom(program.seed);
  const network = createShufflingNetwork(program.peers, random);
  const log: Log = [];
  const workers = network.fabrics.map((fabric) =>
    createWorker({ fabric, clock: () => 0, queueLimit: random() < 0.3 ? 3 : 1000, manyWorkers }),
  );
  const built = workers.map((): ReturnType<typeof buildProgram> | undefined => undefined);
  const left = program.input.map((records) => [...records]);
  let times = program.input.map(() => 0);
  const alive = workers.map(() => true);
  for (let steps = 0; alive.includes(true) || network.inFlight() > 0; steps++) {
    if (steps > 100_000) throw new Error(`does not complete: ${workers.flatMap((worker) => worker.outstanding()).join("; ")}`);
    const at = Math.floor(random() * program.peers);
    const worker = workers[at]!;
    // Workers build late, and what others have sent meanwhile has to wait for them.
    if (built[at] === undefined) {
      if (random() < 0.5) built[at] = worker.dataflow((scope) => buildProgram(scope, program, at, log));
      else worker.step();
      continue;
    }
    const { input } = built[at];
    if (random() < 0.4 && left[at] !== undefined) {
      const next = left[at]!.shift();
      if (next === undefined) {
        input.close();
        times = times.with(at, Infinity);
        left[at] = undefined as never;
      } else {
        if (next[0] > times[at]!) input.advanceTo(next[0]);
        times = times.with(at, next[0]);
        input.send(next[1]);
      }
    }
    const before = built[at].probe.done();
    alive[at] = worker.step();
    if (before && alive[at]) throw new Error("a probe was done before the dataflow");
  }
  for (const worker of workers) expect(worker.queuedRecords()).toBe(0);
  for (const fabric of network.fabrics) expect(fabric.outstanding()).toBe(0);
  return log;
}

describe("programs with nested loops under shuffled deliveries", () => {
  test.each([
    ["tell each other about progress", Infinity],
    ["tell one of them, which tells all", 2],
  ])("do what the model does, see nothing behind a frontier, and complete when workers %s", (_, manyWorkers) => {
    let largest = 0;
    let notifications = 0;
    fc.assert(
      fc.property(programs, (program) => {
        const expected = model(program);
        largest = Math.max(largest, expected.length);
        notifications += expected.filter((entry) => entry.includes("all")).length;
        expect(run(program, manyWorkers).toSorted()).toEqual(expected.toSorted());
      }),
      { numRuns: 300 },
    );
    expect(largest).toBeGreaterThan(200);
    expect(notifications).toBeGreaterThan(1000);
  });
});
