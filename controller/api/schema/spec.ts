/** The desired state, every field once. */
import { Type } from "typebox";
import { autoscalingSchema } from "./autoscaling.ts";
import { rules } from "./cel.ts";
import { flowSchema } from "./flow.ts";
import { recoverySchema, restoreFromSchema } from "./recovery.ts";
import { int32, int64, oneOf, stringMap } from "./types.ts";
import { upgradeSchema } from "./upgrade.ts";

export const specSchema = Type.Object(
  {
    image: Type.Optional(
      Type.String({
        description: "Image of the workers. Left out: the operator's own runtime image.",
        minLength: 1,
        maxLength: 512,
      }),
    ),
    imagePullPolicy: Type.Optional(
      oneOf(["Always", "IfNotPresent", "Never"], { description: "When the image is pulled.", default: "IfNotPresent" }),
    ),
    flow: flowSchema,
    params: Type.Optional(
      stringMap({ description: "Handed to a flow that is exported as a function.", maxProperties: 256, maxLength: 8192 }),
    ),
    workers: Type.Optional(
      int32({
        description:
          "Number of worker processes, each a pod. With autoscaling it is the number to start with; a change of it is followed.",
        minimum: 1,
        maximum: 256,
        default: 1,
      }),
    ),
    threadsPerWorker: Type.Optional(int32({ description: "Timely workers in each process.", minimum: 1, maximum: 64, default: 1 })),
    state: Type.Optional(
      oneOf(["Running", "Suspended"], {
        description: "Suspended takes a snapshot and removes the pods; Running goes on from the snapshot.",
        default: "Running",
      }),
    ),
    epochMilliseconds: Type.Optional(
      int32({ description: "Length of an epoch, the grain of results and progress.", minimum: 1, maximum: 60_000, default: 200 }),
    ),
    recovery: Type.Optional(recoverySchema),
    upgrade: Type.Optional(upgradeSchema),
    autoscaling: Type.Optional(autoscalingSchema),
    restoreFrom: Type.Optional(restoreFromSchema),
    restartNonce: Type.Optional(int64({ description: "Any change restarts the workers from the newest snapshot." })),
    deletionPolicy: Type.Optional(
      oneOf(["Retain", "Delete"], {
        description: "What happens to the state in the store when the resource goes.",
        default: "Retain",
      }),
    ),
    template: Type.Optional(
      Type.Unsafe<Record<string, unknown>>({
        type: "object",
        description:
          "A PodTemplateSpec merged over the pods that the operator makes: resources, volumes, scheduling, sidecars. The workers' container is called worker.",
        "x-kubernetes-preserve-unknown-fields": true,
      }),
    ),
  },
  {
    description: "What to run, with how many workers, and how its state is kept.",
    ...rules(
      {
        rule: "!has(self.autoscaling) || !self.autoscaling.enabled || has(self.recovery)",
        message: "autoscaling needs recovery: without a store a rescale would start from nothing",
        fieldPath: ".autoscaling",
      },
      {
        rule: "!has(self.restoreFrom) || has(self.recovery)",
        message: "restoreFrom needs recovery: there is no store to restore from",
        fieldPath: ".restoreFrom",
      },
    ),
  },
);
