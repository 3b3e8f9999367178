/** Where and how often state is kept, and going back to an older snapshot. */
import { Type } from "typebox";
import { isStoreUrl, rules, storeUrlMessage } from "./cel.ts";
import { int32, int64 } from "./types.ts";

const storeDescription =
  "URL of the store: s3://bucket/prefix, azure://container/prefix, or file:///path, which must be a volume that all pods share, brought by template.";

export const recoverySchema = Type.Object(
  {
    store: Type.String({ description: storeDescription, minLength: 1, maxLength: 1024 }),
    credentialsSecret: Type.Optional(
      Type.String({
        description: "Name of a Secret in the same namespace; its keys become environment variables of the pods.",
        minLength: 1,
        maxLength: 253,
      }),
    ),
    endpoint: Type.Optional(
      Type.String({
        description: "Address of the storage service, for S3-compatible and emulated stores: http(s)://host[:port].",
        minLength: 1,
        maxLength: 1024,
      }),
    ),
    snapshotIntervalSeconds: Type.Optional(
      int32({ description: "Seconds between snapshots.", minimum: 1, maximum: 86_400, default: 10 }),
    ),
    partitions: Type.Optional(
      int32({
        description: "Number of key groups, the unit in which state moves between workers. Fixed once the store is used.",
        minimum: 1,
        maximum: 32_768,
        default: 128,
      }),
    ),
    retain: Type.Optional(int32({ description: "Snapshots that stay restorable.", minimum: 1, maximum: 1000, default: 3 })),
  },
  {
    description:
      "Keeps state in snapshots, so that restarts, upgrades and rescales go on where they were. Left out: no recovery, and an upgrade starts from nothing.",
    ...rules(
      { rule: isStoreUrl("self.store"), message: `store ${storeUrlMessage}`, fieldPath: ".store" },
      {
        rule: "!has(self.endpoint) || self.endpoint.matches('^https?://[^/]+')",
        message: "endpoint must be http://host[:port] or https://host[:port]",
        fieldPath: ".endpoint",
      },
      {
        rule: "!has(self.endpoint) || !self.store.startsWith('file:')",
        message: "a file: store has no endpoint",
        fieldPath: ".endpoint",
      },
      {
        rule: "self.partitions == oldSelf.partitions",
        message:
          "partitions is immutable: it routes the keys in the store. Repartition offline into a new store, and create a new Dataflow on it",
        fieldPath: ".partitions",
        reason: "FieldValueForbidden",
      },
    ),
  },
);

export const restoreFromSchema = Type.Object(
  {
    store: Type.Optional(
      Type.String({ description: "Store that holds the snapshot; left out: the flow's own store.", minLength: 1, maxLength: 1024 }),
    ),
    epoch: int64({ description: "Epoch of the snapshot to go back to. It must be retained.", minimum: 0 }),
  },
  {
    description: "Restarts the flow from this snapshot instead of the newest; done once for each generation that changes it.",
    ...rules({
      rule: `!has(self.store) || ${isStoreUrl("self.store")}`,
      message: `store ${storeUrlMessage}`,
      fieldPath: ".store",
    }),
  },
);
