import { describe, expect, it } from "vitest";
import type { ConfigMap, Container, Pod, Secret } from "../../../sandbox/client/index.ts";
import { ConfigError, containerEnvironment, expand } from "../../../sandbox/kubelet/environment.ts";

const pod: Pod = { metadata: { name: "p", namespace: "n", uid: "u", labels: { a: "1" } }, spec: { containers: [] } };
const maps: Record<string, ConfigMap> = { c: { metadata: { name: "c" }, data: { x: "from c", BOTH: "c" } } };
const secrets: Record<string, Secret> = {
  s: { metadata: { name: "s" }, data: { y: Buffer.from("from s").toString("base64"), BOTH: Buffer.from("s").toString("base64") } },
};
const objects = {
  configMap: (_namespace: string, name: string) => Promise.resolve(maps[name]),
  secret: (_namespace: string, name: string) => Promise.resolve(secrets[name]),
};
const environment = (container: Partial<Container>, base = {}) =>
  containerEnvironment(pod, { name: "main", ...container }, { podIP: "127.1.1.1", hostIP: "127.0.0.1" }, objects, base);

describe("a container's environment", () => {
  it("takes the later of two: image, envFrom in order, env", async () => {
    const container = {
      envFrom: [{ configMapRef: { name: "c" } }, { secretRef: { name: "s" }, prefix: "P_" }, { secretRef: { name: "s" } }],
      env: [{ name: "x", value: "own" }],
    };
    expect(await environment(container, { x: "image", z: "image" })).toEqual({
      x: "own",
      z: "image",
      BOTH: "s",
      P_y: "from s",
      P_BOTH: "s",
      y: "from s",
    });
  });

  it("expands what was defined before, and leaves the rest as it is", async () => {
    const env = [
      { name: "A", value: "1" },
      { name: "B", value: "$(A)-$(C)-$$(A)-$A" },
      { name: "C", value: "$(B)" },
    ];
    expect(await environment({ env })).toEqual({ A: "1", B: "1-$(C)-$(A)-$A", C: "1-$(C)-$(A)-$A" });
    expect(expand("$(toString) $()", {})).toBe("$(toString) $()");
  });

  it.each([
    ["configMapKeyRef", { name: "gone", key: "k" }, 'configmap "gone" not found'],
    ["secretKeyRef", { name: "gone", key: "k" }, 'secret "gone" not found'],
    ["configMapKeyRef", { name: "c", key: "k" }, "couldn't find key k in ConfigMap n/c"],
  ])("says what a %s %j lacks, unless it is optional", async (kind, reference, message) => {
    const refuse = environment({ env: [{ name: "V", valueFrom: { [kind]: reference } }] });
    await expect(refuse).rejects.toThrow(message);
    await expect(refuse).rejects.toBeInstanceOf(ConfigError);
    expect(await environment({ env: [{ name: "V", valueFrom: { [kind]: { ...reference, optional: true } } }] })).toEqual({});
  });

  it("reads fields and resources of the pod", async () => {
    const field = (fieldPath: string) => ({ name: fieldPath, valueFrom: { fieldRef: { fieldPath } } });
    const resource = (name: string, divisor: string) => ({
      name: `${name}/${divisor}`,
      valueFrom: { resourceFieldRef: { resource: name, divisor } },
    });
    const env = [
      field("metadata.name"),
      field("metadata.labels['a']"),
      field("status.podIP"),
      resource("requests.cpu", "1m"),
      resource("limits.memory", "1Mi"),
      resource("requests.cpu", "1"),
    ];
    expect(await environment({ env, resources: { requests: { cpu: "250m" }, limits: { memory: "1Gi" } } })).toEqual({
      "metadata.name": "p",
      "metadata.labels['a']": "1",
      "status.podIP": "127.1.1.1",
      "requests.cpu/1m": "250",
      "limits.memory/1Mi": "1024",
      "requests.cpu/1": "1",
    });
  });
});
