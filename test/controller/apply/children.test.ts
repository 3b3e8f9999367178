import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import type { V1PodSpec } from "@kubernetes/client-node";
import { childrenOf } from "../../../controller/apply/index.ts";
import { cleanupPod, podTemplate } from "../../../controller/apply/children/index.ts";
import { decide } from "../../../controller/decide/index.ts";
import type { DataflowSpec } from "../../../controller/api/index.ts";
import { dataflow, state } from "../decide/cases.ts";

const code = { hash: "0123456789abcdef", key: "flow.ts", text: "export default 1;\n" };
const full: DataflowSpec = {
  image: "registry.example/weir:0.1.0",
  flow: { inline: code.text },
  params: { topic: "orders" },
  workers: 3,
  recovery: { store: "s3://bucket/prefix", credentialsSecret: "store-credentials", endpoint: "http://minio:9000" },
  template: { spec: { containers: [{ name: "worker", resources: { requests: { cpu: "500m", memory: "512Mi" } } }] } },
};
const runOf = (spec: DataflowSpec) =>
  decide(state({ dataflow: dataflow(spec), code: spec.flow.inline === undefined ? undefined : code })).record.run!;
const children = (spec: DataflowSpec, replicas = 3, processes = 3) =>
  childrenOf(
    dataflow(spec),
    { run: runOf(spec), replicas, processes, code: spec.flow.inline === undefined ? undefined : code },
    true,
  );
const yaml = (objects: unknown[]) =>
  objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join("---\n");
const worker = (spec: DataflowSpec) =>
  podTemplate("a", runOf(spec), 3).spec!.containers.find((container) => container.name === "worker")!;

describe("children", () => {
  test("with recovery and code of their own", async () => {
    await expect(yaml(children(full))).toMatchFileSnapshot("golden/recovery.yaml");
  });

  test("without recovery, with code in the image", async () => {
    await expect(yaml(children({ flow: { path: "/app/flow.ts" } }))).toMatchFileSnapshot("golden/stateless.yaml");
  });

  test("that clean up", async () => {
    await expect(
      yaml([cleanupPod(dataflow(full), runOf(full), ["s3://bucket/prefix", "s3://bucket/prefix/from-2"], 300)]),
    ).toMatchFileSnapshot("golden/cleanup.yaml");
  });

  test("are owned by the Dataflow and found by its label", () => {
    for (const child of children(full)) {
      expect(child.metadata.ownerReferences).toMatchObject([
        { kind: "Dataflow", name: "a", uid: "u", controller: true, blockOwnerDeletion: true },
      ]);
      expect(child.metadata.labels["weir.dev/dataflow"]).toBe("a");
    }
  });

  test("a rescale changes the number of pods and the topology, and nothing else", () => {
    const [before, after] = [children(full, 3, 3), children(full, 5, 5)];
    const differing = before
      .filter((child, i) => JSON.stringify(child) !== JSON.stringify(after[i]))
      .map((child) => `${child.kind} ${child.metadata.name}`);
    expect(differing).toEqual(["ConfigMap a-topology", "StatefulSet a"]);
    const template = (objects: typeof before) => (objects.at(-1)!.spec as { template: unknown }).template;
    expect(template(after)).toEqual(template(before));
  });
});

describe("pods", () => {
  const restricted = (spec: V1PodSpec) => {
    expect(spec.hostNetwork ?? spec.hostPID ?? spec.hostIPC ?? false).toBe(false);
    expect(spec.automountServiceAccountToken).toBe(false);
    for (const volume of spec.volumes ?? [])
      expect(Object.keys(volume).filter((key) => key !== "name")).toEqual([expect.stringMatching(/^(emptyDir|configMap)$/)]);
    for (const { securityContext } of spec.containers) {
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        runAsNonRoot: true,
        capabilities: { drop: ["ALL"] },
        seccompProfile: { type: "RuntimeDefault" },
      });
    }
  };

  test('meet Pod Security "restricted", those that clean up as well', () => {
    restricted(podTemplate("a", runOf(full), 3).spec!);
    restricted(cleanupPod(dataflow(full), runOf(full), ["s3://bucket/prefix"], 300).spec as unknown as V1PodSpec);
  });

  test("say where to go back to only when asked", () => {
    const names = (spec: DataflowSpec) => worker(spec).env!.map((entry) => entry.name);
    expect(names(full)).not.toContain("WEIR_RESTORE_EPOCH");
    const restoring = { ...full, restoreFrom: { epoch: 12, store: "s3://old/x" } };
    expect(worker(restoring).env).toContainEqual({ name: "WEIR_RESTORE_EPOCH", value: "12" });
    expect(worker(restoring).env).toContainEqual({ name: "WEIR_RESTORE_STORE", value: "s3://old/x" });
  });
});

describe("a user's template", () => {
  const withTemplate = (template: Record<string, unknown>) => podTemplate("a", runOf({ ...full, template }), 3);

  test("adds to the worker and to the pod", () => {
    const { metadata, spec } = withTemplate({
      metadata: { labels: { team: "data" }, annotations: { a: "b" } },
      spec: {
        nodeSelector: { disk: "ssd" },
        tolerations: [{ operator: "Exists" }],
        terminationGracePeriodSeconds: 120,
        volumes: [{ name: "data", emptyDir: {} }],
        containers: [
          {
            name: "worker",
            env: [{ name: "FOO", value: "bar" }],
            volumeMounts: [{ name: "data", mountPath: "/data" }],
            envFrom: [{ configMapRef: { name: "more" } }],
          },
          { name: "sidecar", image: "s" },
        ],
      },
    });
    expect(metadata).toMatchObject({ labels: { team: "data", "weir.dev/dataflow": "a" }, annotations: { a: "b" } });
    expect(spec).toMatchObject({ nodeSelector: { disk: "ssd" }, terminationGracePeriodSeconds: 120, serviceAccountName: "a" });
    expect(spec!.volumes!.map((volume) => volume.name)).toEqual(["tmp", "flow", "topology", "data"]);
    expect(spec!.containers.map((container) => container.name)).toEqual(["worker", "sidecar"]);
    const own = spec!.containers[0]!;
    expect(own.env!.at(-1)).toEqual({ name: "FOO", value: "bar" });
    expect(own.envFrom).toEqual([{ secretRef: { name: "store-credentials" } }, { configMapRef: { name: "more" } }]);
    expect(own.volumeMounts!.map((mount) => mount.mountPath)).toEqual(["/tmp", "/etc/weir/flow", "/etc/weir/topology", "/data"]);
  });

  test("never takes away what the operator relies on", () => {
    const { metadata, spec } = withTemplate({
      metadata: { labels: { "weir.dev/dataflow": "other" }, annotations: { "weir.dev/run": "x" } },
      spec: {
        containers: [
          {
            name: "worker",
            args: ["sleep"],
            env: [
              { name: "WEIR_TOKEN", value: "mine" },
              { name: "WEIR_RECOVERY_STORE", value: null },
            ],
            ports: [{ name: "http", containerPort: 9999 }],
          },
        ],
      },
    });
    const plain = podTemplate("a", runOf({ ...full, template: { spec: {} } }), 3);
    expect(metadata!.labels!["weir.dev/dataflow"]).toBe("a");
    expect(metadata!.annotations!["weir.dev/run"]).not.toBe("x");
    const own = spec!.containers[0]!;
    expect(own.args).toEqual(["run", "/etc/weir/flow/flow.ts"]);
    expect(own.env).toEqual(plain.spec!.containers[0]!.env);
    expect(own.ports!.map((port) => port.containerPort)).toEqual([8080, 9090, 9999]);
  });

  test("replaces and removes, and a limit takes our request for the same thing away", () => {
    const { spec } = withTemplate({
      spec: {
        topologySpreadConstraints: null,
        securityContext: { fsGroup: 5 },
        containers: [{ name: "worker", resources: { limits: { memory: "128Mi" } } }],
      },
    });
    expect(spec).not.toHaveProperty("topologySpreadConstraints");
    expect(spec!.securityContext).toMatchObject({ fsGroup: 5, runAsNonRoot: true });
    expect(spec!.containers[0]!.resources).toEqual({ requests: { cpu: "100m" }, limits: { memory: "128Mi" } });
  });
});
