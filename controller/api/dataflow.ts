/** TypeScript's view of the resource, derived from the schema. */
import type { Static } from "typebox";
import type { ObjectMeta } from "./object-meta.ts";
import type { autoscalingSchema } from "./schema/autoscaling.ts";
import type { flowSchema } from "./schema/flow.ts";
import type { recoverySchema } from "./schema/recovery.ts";
import type { specSchema } from "./schema/spec.ts";
import type { statusSchema } from "./schema/status.ts";
import type { upgradeSchema } from "./schema/upgrade.ts";

export type DataflowSpec = Static<typeof specSchema>;
export type DataflowStatus = Static<typeof statusSchema>;

export interface Dataflow {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec: DataflowSpec;
  status?: DataflowStatus;
}

type Flow = Static<typeof flowSchema>;
type Recovery = Static<typeof recoverySchema>;
type Defaulted<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: NonNullable<T[P]> };

/** A user's PodTemplateSpec; its content is checked by the API server when it becomes part of a StatefulSet. */
export type PodTemplate = Record<string, unknown>;

/** A spec in which every field that has a default is there, the image included. */
export type ResolvedSpec = Defaulted<
  Omit<DataflowSpec, "flow" | "recovery" | "upgrade" | "autoscaling">,
  "image" | "imagePullPolicy" | "workers" | "threadsPerWorker" | "state" | "epochMilliseconds" | "deletionPolicy"
> & {
  flow: Omit<Defaulted<Flow, "export">, "configMap"> & { configMap?: { name: string; key: string } };
  recovery?: Defaulted<Recovery, "snapshotIntervalSeconds" | "partitions" | "retain">;
  upgrade: Required<Static<typeof upgradeSchema>>;
  autoscaling?: Defaulted<Static<typeof autoscalingSchema>, Exclude<keyof Static<typeof autoscalingSchema>, "maxLag">>;
};
