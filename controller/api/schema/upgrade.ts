/** How a changed spec replaces a running one. */
import { Type } from "typebox";
import { int32, oneOf } from "./types.ts";

export const upgradeSchema = Type.Object(
  {
    mode: Type.Optional(
      oneOf(["Snapshot", "Stateless"], {
        description:
          "Snapshot: stop with a snapshot and go on from it. Stateless: start from nothing; older state stays in the store.",
        default: "Snapshot",
      }),
    ),
    progressDeadlineSeconds: Type.Optional(
      int32({ description: "Time in which all workers of a new spec must be ready.", minimum: 1, maximum: 86_400, default: 300 }),
    ),
    rollbackOnFailure: Type.Optional(
      Type.Boolean({
        description: "Return to the last stable spec, with its state, when the new one is not ready in time.",
        default: true,
      }),
    ),
    allowDroppedState: Type.Optional(
      Type.Boolean({
        description: "Let the new flow drop the state of steps that it no longer has, instead of refusing to start.",
        default: false,
      }),
    ),
  },
  { description: "How a changed spec replaces the running one.", default: {} },
);
