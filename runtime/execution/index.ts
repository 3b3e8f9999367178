/**
 * Execution: one attempt to run a flow on a set of workers, from `begin` to `end`, and the chain of such attempts that a
 * process lives through. It knits timely, flow and recovery together and knows neither sockets nor threads: what it needs of
 * the outside (clock, network, store, how workers are stepped) are parameters, so that the simulation replays any run.
 *
 *   process 0                 every process                 every worker
 *   Coordinator  ── ticks ──▶ Participant ── messages ────▶ FlowWorker ── timely worker + flow
 *        ▲─────── sealed ──────────┘  ▲───── closed, rows ──────┘
 *   Leader: from one execution to the next
 *
 * May import timely, flow, connectors' interfaces, recovery and errors.
 */
export * from "./messages.ts";
export { createCoordinator, type Coordinator, type CoordinatorOptions, type CommitInput } from "./coordinator.ts";
export { createFlowWorker, type FlowWorker, type FlowWorkerOptions, type StateSlot } from "./flow-worker.ts";
export { createProcess, type Process, type Phase, type ProcessEvent, type ProcessOptions, type ProcessStatus } from "./process.ts";
export { drive, type Driven, type Driver } from "./drive.ts";
export type { FabricMaker, Network, WorkerHandle, WorkerPool } from "./network.ts";
export { createLocalPool, type LocalPool } from "./local-pool.ts";
export { createLocalNetwork } from "./local-network.ts";
export { flowFacts } from "./flow-facts.ts";
export { openSnapshotFiles, type SnapshotFiles } from "./snapshot-files.ts";
