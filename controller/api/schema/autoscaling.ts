/** Bounds and aims of the autoscaler. */
import { Type } from "typebox";
import { rules } from "./cel.ts";
import { int32, int64 } from "./types.ts";

export const autoscalingSchema = Type.Object(
  {
    enabled: Type.Optional(
      Type.Boolean({ description: "false pauses autoscaling at the present number of workers.", default: true }),
    ),
    minWorkers: Type.Optional(int32({ description: "Never fewer workers than this.", minimum: 1, maximum: 256, default: 1 })),
    maxWorkers: Type.Optional(int32({ description: "Never more workers than this.", minimum: 1, maximum: 256, default: 10 })),
    targetUtilizationPercent: Type.Optional(
      int32({ description: "Share of their time that workers are to be busy.", minimum: 1, maximum: 100, default: 80 }),
    ),
    catchUpSeconds: Type.Optional(
      int32({ description: "Time in which a backlog is to be worked off.", minimum: 1, maximum: 86_400, default: 60 }),
    ),
    maxLag: Type.Optional(int64({ description: "Records not read yet; more than this scales up at once.", minimum: 0 })),
    intervalSeconds: Type.Optional(int32({ description: "Seconds between decisions.", minimum: 1, maximum: 3600, default: 15 })),
    scaleDownWindowSeconds: Type.Optional(
      int32({
        description: "Scale down only to the highest number of workers that was recommended in this time.",
        minimum: 0,
        maximum: 86_400,
        default: 300,
      }),
    ),
  },
  {
    description: "Sets the number of workers by lag and utilization. Left out: fixed at spec.workers.",
    ...rules({
      rule: "self.minWorkers <= self.maxWorkers",
      message: "minWorkers must not be more than maxWorkers",
      fieldPath: ".minWorkers",
    }),
  },
);
