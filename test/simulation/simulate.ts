/**
 * One seed, one life of a flow: processes that crash and come back, links that break, a store that fails, stalls and answers
 * twice, snapshots, drains and rescales at any moment, all in one thread and virtual time. The run must end, and what it leaves
 * must be what an undisturbed run leaves.
 */
import { createLocalPool, type LocalPool } from "../../runtime/execution/local-pool.ts";
import { createProcess, type Process, type ProcessEvent } from "../../runtime/execution/process.ts";
import { openSnapshotFiles } from "../../runtime/execution/snapshot-files.ts";
import { flowFacts } from "../../runtime/execution/flow-facts.ts";
import { isWeirError } from "../../runtime/errors/index.ts";
import { hashName } from "../../runtime/flow/index.ts";
import { createMemoryStore, type StoreFault } from "../../runtime/recovery/index.ts";
import { createDisk } from "./disk.ts";
import { createMesh } from "./network.ts";
import { createRandom } from "./random.ts";
import { createScenario } from "./scenario.ts";
import { createSchedule } from "./schedule.ts";

export interface SimulationResult {
  readonly seed: number;
  readonly virtualMs: number;
  readonly crashes: number;
  readonly rescales: number;
  readonly executions: number;
  readonly snapshots: number;
}

/** What ends a process and not the flow: whoever starts processes starts it again. A claim that a dead process had sent may win. */
const passing = new Set(["WEIR_STORE_FAILED", "WEIR_STORE_OWNED", "WEIR_PEER_LOST", "WEIR_SINK_FAILED"]);
const limitMs = 30 * 60_000;

export async function simulate(seed: number, log: (line: string) => void = () => {}): Promise<SimulationResult> {
  const random = createRandom(seed);
  const schedule = createSchedule(random);
  const mesh = createMesh(random, schedule);
  const disk = createDisk(() => sinkTrouble && troubled() && random.chance(0.05));
  const scenario = createScenario(random, schedule.now);
  const objects = new Map<string, Uint8Array>();
  const begin = schedule.now();
  /** Trouble ends after a while, so that the flow can. */
  const calmAt = begin + 2000 + random.integer(6000);
  const trouble = random.chance(0.85);
  const storeTrouble = random.chance(0.6);
  const sinkTrouble = random.chance(0.3);
  const troubled = (): boolean => trouble && schedule.now() < calmAt;
  const most = 1 + random.integer(4);
  const threads = 1 + random.integer(2);
  const partitions = [1 + most * threads, 8, 32, 128][random.integer(4)]!;
  const epochMs = [0, 5, 20, 100][random.integer(4)]!;
  const snapshotMs = [0, 30, 200][random.integer(3)]!;
  const retain = 1 + random.integer(2);
  const processes = 1 + random.integer(most);
  let crashes = 0;
  let rescales = 0;
  let snapshots = 0;
  let executions = 0;
  const finished = new Map<number, "completed" | "drained">();
  let failure: unknown;

  interface Living {
    readonly process: Process;
    readonly pool: LocalPool;
    stop(): void;
  }
  const living = new Map<number, Living>();
  const asked = new Set<Process>();

  const faults = (): StoreFault | undefined => {
    if (!storeTrouble || !troubled() || !random.chance(0.06)) return undefined;
    return random.chance(0.1) ? "stall" : (["before", "after", "twice"] as const)[random.integer(3)];
  };

  const start = (index: number): void => {
    const end = mesh.join(index);
    const removals: (() => void)[] = [];
    let alive = true;
    const zombie = random.chance(0.3);
    const store = createMemoryStore(
      {
        url: "memory://simulated",
        fault() {
          const fault = faults();
          if (fault === "stall") schedule.at(schedule.now() + random.integer(4000), () => alive && store.release());
          return fault;
        },
        // What a dead process had not written stays unwritten, mostly: some requests are on their way when it dies, and arrive
        // when another has taken over. It may even see the answer, as a process does that was only taken for dead.
        delay: () =>
          new Promise((resolve) => {
            schedule.at(
              schedule.now() + random.integer(troubled() && random.chance(0.1) ? 3000 : 20),
              () => (alive || zombie) && resolve(),
            );
          }),
      },
      objects,
    );
    const flow = scenario.flow(disk);
    const pool = createLocalPool({
      flow,
      fabrics: end.fabrics,
      driver: {
        add(driven) {
          const remove = schedule.addActor(driven);
          removals.push(remove);
          return remove;
        },
        wake() {},
        stop() {},
        busySeconds: () => 0,
      },
      now: schedule.now,
      // The schedule jumps to whatever somebody waits for; the machine's timers would make a run depend on more than its seed.
      standing: false,
      // Of every second seed progress goes through one of the workers, however few they are.
      manyWorkers: seed % 2 === 0 ? 2 : undefined,
    });
    const process = createProcess({
      process: index,
      network: end,
      pool,
      store,
      files: openSnapshotFiles({ store, flow: flow.id, hash: hashName, process: index }),
      lead:
        index !== 0
          ? undefined
          : {
              ...flowFacts(flow),
              topology: { processes, threads },
              keepTopology: true,
              hash: hashName,
              partitions,
              retain,
              allowDroppedState: false,
              owner: `process ${index}`,
              epochMs,
              snapshotMs,
              ...(snapshotMs === 30 ? { approachMs: 0 } : {}),
              listEveryMs: 500,
              clock: schedule.now,
              sleep: schedule.sleep,
            },
      perBatch: epochMs === 0,
      wake() {},
      onEvent(event: ProcessEvent) {
        if (event.kind === "committed" && index === 0) snapshots++;
        if (event.kind === "claimed") executions++;
        if (event.kind === "rescaled") rescales++;
        if (event.kind === "trouble" && event.error.message.includes("is aborted now")) failure ??= event.error;
        log(
          `${schedule.now() - begin} ms process ${index}: ${JSON.stringify(event, (_name, value: unknown) => (value instanceof Error ? value.message : value))}`,
        );
      },
    });
    removals.push(
      schedule.addActor({
        step() {
          process.poll();
          return false;
        },
        nextTime: process.nextTime,
      }),
    );
    living.set(index, {
      process,
      pool,
      stop() {
        alive = false;
        for (const remove of removals) remove();
        living.delete(index);
      },
    });
    const again = (): void => schedule.at(schedule.now() + 1 + random.integer(300), () => start(index));
    process.run().then(
      (how) => {
        if (!alive) return;
        // Who was asked to go does so when the flow is complete, too.
        if (how === "completed" && !asked.has(process)) finished.set(index, how);
        else {
          // It left; its pod starts again.
          living.get(index)?.stop();
          mesh.crash(index);
          again();
        }
      },
      (error: unknown) => {
        if (!alive) return;
        // What may pass ends the process and not the flow: its pod starts again.
        if (isWeirError(error) && passing.has(error.code)) {
          living.get(index)?.stop();
          mesh.crash(index);
          again();
        } else failure ??= error;
      },
    );
  };

  const disturb = (): void => {
    if (!troubled()) return;
    schedule.at(schedule.now() + 1 + random.integer(400), disturb);
    const index = random.integer(most);
    const victim = living.get(index);
    const leader = living.get(0)?.process;
    const kind = random.integer(10);
    if (kind < 2 && victim !== undefined && !finished.has(index)) {
      log(`${schedule.now() - begin} ms crash of process ${index}`);
      crashes++;
      victim.stop();
      mesh.crash(index);
      schedule.at(schedule.now() + 1 + random.integer(500), () => start(index));
    } else if (kind < 3 && most > 1) {
      const other = (index + 1 + random.integer(most - 1)) % most;
      log(`${schedule.now() - begin} ms cut between ${index} and ${other}`);
      mesh.cut(index, other);
    } else if (kind < 7 && leader !== undefined) {
      const wanted = 1 + random.integer(most);
      leader.rescale(wanted).then(
        (result) => log(`${schedule.now() - begin} ms rescaled to ${wanted}: ${JSON.stringify(result)}`),
        () => {},
      );
    } else if (kind < 8) leader?.snapshot().catch(() => {});
    else if (kind < 9 && victim !== undefined && !finished.has(index)) {
      log(`${schedule.now() - begin} ms SIGTERM of process ${index}`);
      asked.add(victim.process);
      victim.process.leave();
    }
  };

  for (let index = 0; index < most; index++) start(index);
  disturb();
  log(JSON.stringify({ most, threads, partitions, epochMs, snapshotMs, retain, processes, trouble, storeTrouble }));
  await schedule
    .run(() => failure !== undefined || finished.has(0), begin + limitMs)
    .catch((error: unknown) => {
      for (const [index, { process, pool }] of living) {
        log(`process ${index} stands at ${JSON.stringify(process.status())}`);
        for (const worker of pool.workers) log(`worker ${worker.index}: ${worker.outstanding().join("; ")}`);
      }
      throw error;
    });
  if (failure !== undefined) throw failure;
  scenario.check(disk);
  return { seed, virtualMs: schedule.now() - begin, crashes, rescales, executions, snapshots };
}
