/** A pod that removes the state, one container for each store, with the workers' own image, credentials and volumes. */
import type { V1PodTemplateSpec } from "@kubernetes/client-node";
import { childNames, labels, type Dataflow } from "../../api/index.ts";
import type { Run } from "../../decide/index.ts";
import { childLabels, childMetadata, type ChildObject } from "../objects.ts";
import { storeEnvironment } from "./environment.ts";
import { podTemplate } from "./pod-template.ts";

export function cleanupPod(dataflow: Dataflow, run: Run, stores: readonly string[], deadlineSeconds: number): ChildObject {
  const { name } = dataflow.metadata;
  const template: V1PodTemplateSpec = podTemplate(name, run, 1);
  const worker = template.spec!.containers.find((container) => container.name === "worker")!;
  const { readinessProbe: _r, livenessProbe: _l, startupProbe: _s, ports: _p, lifecycle: _c, env, volumeMounts, ...kept } = worker;
  const ours = (variable: { name: string }) => variable.name.startsWith("WEIR_");
  const needed = new Set(["flow", "topology"]);
  const metadata = childMetadata(dataflow, childNames.cleanup(name));
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...metadata, labels: { ...childLabels(name, "cleanup"), [labels.dataflow]: name } },
    spec: {
      ...template.spec,
      restartPolicy: "Never",
      activeDeadlineSeconds: deadlineSeconds,
      topologySpreadConstraints: undefined,
      initContainers: undefined,
      containers: stores.map((store, index) => ({
        ...kept,
        name: index === 0 ? "worker" : `worker-${index}`,
        args: ["snapshot", "delete", "--yes", store],
        env: [
          ...storeEnvironment(store, run.revision.spec.recovery?.endpoint),
          ...(env ?? []).filter((variable) => !ours(variable)),
        ],
        volumeMounts: (volumeMounts ?? []).filter((mount) => !needed.has(mount.name)),
      })),
      volumes: (template.spec!.volumes ?? []).filter((volume) => !needed.has(volume.name)),
    },
  };
}
