import { readFile } from "node:fs/promises";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { customResourceDefinition } from "../../../controller/api/index.ts";
import { renderedCrd } from "../../../scripts/generate-crds.ts";

interface SchemaNode {
  type?: string;
  description?: string;
  enum?: unknown[];
  properties?: Record<string, SchemaNode>;
  additionalProperties?: unknown;
  items?: SchemaNode;
  maxLength?: number;
  pattern?: string;
  "x-kubernetes-preserve-unknown-fields"?: boolean;
}

const crd = customResourceDefinition();
const root = crd.spec.versions[0]!.schema.openAPIV3Schema as SchemaNode;

function* nodes(node: SchemaNode, path: string): Generator<[string, SchemaNode]> {
  yield [path, node];
  for (const [name, child] of Object.entries(node.properties ?? {})) yield* nodes(child, `${path}.${name}`);
  if (node.items !== undefined) yield* nodes(node.items, `${path}[]`);
}

const everyField = `
apiVersion: weir.dev/v1alpha1
kind: Dataflow
metadata: { name: wordcount }
spec:
  image: registry.example/weir:0.1.0
  imagePullPolicy: IfNotPresent
  flow: { inline: "export default 1;", export: default }
  params: { topic: orders }
  workers: 3
  threadsPerWorker: 1
  state: Running
  epochMilliseconds: 200
  recovery:
    { store: "s3://bucket/prefix", credentialsSecret: c, endpoint: "http://minio:9000", snapshotIntervalSeconds: 10, partitions: 128, retain: 3 }
  upgrade: { mode: Snapshot, progressDeadlineSeconds: 300, rollbackOnFailure: true, allowDroppedState: false }
  autoscaling:
    enabled: true
    minWorkers: 1
    maxWorkers: 10
    targetUtilizationPercent: 80
    catchUpSeconds: 60
    maxLag: 100000
    intervalSeconds: 15
    scaleDownWindowSeconds: 300
  restoreFrom: { epoch: 1200, store: "s3://other/prefix" }
  restartNonce: 0
  deletionPolicy: Retain
  template: { spec: { containers: [{ name: worker }] } }
status:
  observedGeneration: 1
  phase: Running
  conditions: [{ type: Ready, status: "True", reason: A, message: b, lastTransitionTime: "2026-11-22T12:00:00Z" }]
  workers: 3
  readyWorkers: 3
  selector: weir.dev/dataflow=wordcount
  execution: 4
  epoch: 1873
  lastSnapshot: { epoch: 1850, time: "2026-11-22T12:00:00Z", bytes: 1048576, durationMilliseconds: 85 }
  rates: { recordsInPerSecond: 12000, recordsOutPerSecond: 11800, lag: 530, utilizationPercent: 61 }
  lastRescale: { from: 2, to: 3, time: "2026-11-22T12:00:00Z", reason: LagTooHigh, stallMilliseconds: 640 }
  stableSpecHash: 5d41402abc4b2a76
`;

describe("the CustomResourceDefinition", () => {
  test("is what the file in crds/ holds", async () => {
    expect(await readFile(new URL("../../../crds/weir.dev_dataflows.yaml", import.meta.url), "utf8")).toBe(renderedCrd());
  });

  test("describes every field and gives it a type", () => {
    for (const [path, node] of nodes(root, "")) {
      if (path === ".metadata") continue;
      expect(node.type, path).toBeTypeOf("string");
      expect(node.description, path).toMatch(/\S/);
      if (path !== ".spec.params") expect(node.additionalProperties, path).toBeUndefined();
    }
  });

  test("bounds every string of the spec", () => {
    for (const [path, node] of nodes(root.properties!.spec!, ".spec"))
      if (node.type === "string") expect(node.maxLength !== undefined || node.enum !== undefined, path).toBe(true);
  });

  test("knows every field of the contract and no other", () => {
    const closed = structuredClone(root);
    for (const [path, node] of nodes(closed, ""))
      if (node.properties !== undefined && path !== ".metadata") node.additionalProperties = false;
    const example = parse(everyField) as Record<string, unknown>;
    const validate = new Ajv({ strict: false, validateFormats: false }).compile(closed);
    expect(validate(example), JSON.stringify(validate.errors)).toBe(true);

    const inExample = new Set<string>();
    const collect = (value: unknown, path: string): void => {
      inExample.add(path);
      if (path === ".spec.template" || path === ".spec.params") return;
      if (Array.isArray(value)) for (const item of value) collect(item, `${path}[]`);
      else if (typeof value === "object" && value !== null) for (const [k, v] of Object.entries(value)) collect(v, `${path}.${k}`);
    };
    collect(example, "");
    const missing = [...nodes(root, "")].map(([path]) => path).filter((path) => !inExample.has(path));
    expect(missing).toEqual([
      ".spec.flow.configMap",
      ".spec.flow.configMap.name",
      ".spec.flow.configMap.key",
      ".spec.flow.path",
      ".status.conditions[].observedGeneration",
    ]);
  });

  test("prints the columns of the contract", () => {
    const columns = crd.spec.versions[0]!.additionalPrinterColumns;
    const names = (wide: boolean) =>
      columns.filter((column) => (column.priority ?? 0) > 0 === wide).map((column) => column.name.toUpperCase());
    expect(names(false)).toEqual(["PHASE", "WORKERS", "READY", "LAG", "RATE", "EPOCH", "AGE"]);
    expect(names(true)).toEqual(["EXECUTION", "SNAPSHOT", "MESSAGE"]);
  });
});
