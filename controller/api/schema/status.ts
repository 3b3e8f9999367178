/** What the operator observed. Small and slow-changing: numbers that move all the time are in the workers' metrics. */
import { Type, type Static } from "typebox";
import { int32, int64, oneOf, timestamp } from "./types.ts";

const phases = [
  "Pending",
  "Starting",
  "Running",
  "Rescaling",
  "Upgrading",
  "RollingBack",
  "Suspended",
  "Completed",
  "Failed",
  "Deleting",
] as const;
export type Phase = (typeof phases)[number];

const conditionSchema = Type.Object(
  {
    type: Type.String({ description: "Ready, Progressing, Degraded or RecoveryHealthy.", maxLength: 316 }),
    status: oneOf(["True", "False", "Unknown"], { description: "Whether the condition holds." }),
    observedGeneration: Type.Optional(int64({ description: "Generation of the spec that this was said about.", minimum: 0 })),
    lastTransitionTime: timestamp("When the status last changed."),
    reason: Type.String({ description: "One word for machines.", minLength: 1, maxLength: 1024 }),
    message: Type.String({ description: "One sentence for people.", maxLength: 32_768 }),
  },
  { description: "One aspect of the flow's present state." },
);
export type Condition = Static<typeof conditionSchema>;

const lastSnapshotSchema = Type.Object(
  {
    epoch: int64({ description: "Everything before and in this epoch is in the snapshot." }),
    time: timestamp("When it was committed."),
    bytes: int64({ description: "Bytes written for it." }),
    durationMilliseconds: int64({ description: "Time from the snapshot's epoch to its commit." }),
  },
  { description: "The newest committed snapshot." },
);

const ratesSchema = Type.Object(
  {
    recordsInPerSecond: int64({ description: "Records read from sources, per second." }),
    recordsOutPerSecond: int64({ description: "Records handed to sinks, per second." }),
    lag: Type.Optional(int64({ description: "Records that sources have not read yet, where they know." })),
    utilizationPercent: int32({ description: "Mean share of their time that workers were busy." }),
  },
  { description: "Throughput, over the last observations." },
);

const lastRescaleSchema = Type.Object(
  {
    from: int32({ description: "Workers before." }),
    to: int32({ description: "Workers after." }),
    time: timestamp("When it was done."),
    reason: Type.String({ description: "Why, in one word.", maxLength: 256 }),
    stallMilliseconds: Type.Optional(int64({ description: "How long no output appeared." })),
  },
  { description: "The newest change of the number of workers." },
);

export const statusSchema = Type.Object(
  {
    observedGeneration: Type.Optional(int64({ description: "Generation of the spec that this status is about." })),
    phase: Type.Optional(oneOf(phases, { description: "A summary for people; programs read the conditions." })),
    conditions: Type.Optional(
      Type.Array(conditionSchema, {
        description: "Ready, Progressing, Degraded and RecoveryHealthy.",
        maxItems: 32,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
      }),
    ),
    workers: Type.Optional(int32({ description: "Worker processes in the running topology." })),
    readyWorkers: Type.Optional(int32({ description: "Worker processes that are ready." })),
    selector: Type.Optional(Type.String({ description: "Label selector of the worker pods, for the scale subresource." })),
    execution: Type.Optional(int64({ description: "Number of the present execution; only its owner may commit." })),
    epoch: Type.Optional(int64({ description: "Lowest epoch that is not complete everywhere." })),
    lastSnapshot: Type.Optional(lastSnapshotSchema),
    rates: Type.Optional(ratesSchema),
    lastRescale: Type.Optional(lastRescaleSchema),
    stableSpecHash: Type.Optional(
      Type.String({ description: "Hash of the last spec whose workers were all ready: what a rollback returns to." }),
    ),
  },
  { description: "What the operator observed last. Never written by users." },
);
