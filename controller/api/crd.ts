/** The CustomResourceDefinition, made from the schema; `crds/` holds it as YAML and a check fails when the two differ. */
import { Type } from "typebox";
import { group, kind, plural, version } from "./group.ts";
import { rules } from "./schema/cel.ts";
import { specSchema } from "./schema/spec.ts";
import { statusSchema } from "./schema/status.ts";

const dataflowSchema = Type.Object(
  {
    apiVersion: Type.Optional(Type.String({ description: "Version of this representation of the resource: weir.dev/v1alpha1." })),
    kind: Type.Optional(Type.String({ description: "Dataflow." })),
    metadata: Type.Optional(Type.Unsafe({ type: "object" })),
    spec: specSchema,
    status: Type.Optional(statusSchema),
  },
  {
    description: "A stateful stream-processing program and the workers that run it.",
    ...rules({
      rule: "self.metadata.name.size() <= 45 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
      message:
        "metadata.name must have at most 45 characters, lower-case letters, digits and -, and start with a letter: pods and a Service are named after it",
    }),
  },
);

interface Column {
  name: string;
  type: "string" | "integer" | "date";
  jsonPath: string;
  description: string;
  priority?: number;
}

const columns: Column[] = [
  { name: "Phase", type: "string", jsonPath: ".status.phase", description: "Summary of the flow's state." },
  { name: "Workers", type: "integer", jsonPath: ".status.workers", description: "Worker processes in the running topology." },
  { name: "Ready", type: "integer", jsonPath: ".status.readyWorkers", description: "Worker processes that are ready." },
  { name: "Lag", type: "integer", jsonPath: ".status.rates.lag", description: "Records not read yet." },
  { name: "Rate", type: "integer", jsonPath: ".status.rates.recordsInPerSecond", description: "Records read per second." },
  { name: "Epoch", type: "integer", jsonPath: ".status.epoch", description: "Lowest epoch not yet complete." },
  { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp", description: "Time since the resource was created." },
  { name: "Execution", type: "integer", jsonPath: ".status.execution", description: "Number of the execution.", priority: 1 },
  {
    name: "Snapshot",
    type: "date",
    jsonPath: ".status.lastSnapshot.time",
    description: "Age of the newest snapshot.",
    priority: 1,
  },
  {
    name: "Message",
    type: "string",
    jsonPath: '.status.conditions[?(@.type=="Ready")].message',
    description: "What the Ready condition says.",
    priority: 1,
  },
];

export function customResourceDefinition() {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${plural}.${group}`,
      labels: { "app.kubernetes.io/name": "weir", "app.kubernetes.io/part-of": "weir" },
    },
    spec: {
      group,
      scope: "Namespaced",
      names: { kind, listKind: `${kind}List`, plural, singular: "dataflow", shortNames: ["df"], categories: ["all"] },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          additionalPrinterColumns: columns,
          subresources: {
            status: {},
            scale: {
              specReplicasPath: ".spec.workers",
              statusReplicasPath: ".status.workers",
              labelSelectorPath: ".status.selector",
            },
          },
          // A round trip through JSON drops what typebox keeps beside the schema's own words.
          schema: { openAPIV3Schema: JSON.parse(JSON.stringify(dataflowSchema)) as Record<string, unknown> },
        },
      ],
    },
  };
}
