/**
 * The StatefulSet. Pods start and end together (Parallel); a changed template replaces none of them (OnDelete): stopping and
 * starting a run is the operator's decision.
 */
import type { V1StatefulSet } from "@kubernetes/client-node";
import { annotations, childNames, labels, type Dataflow } from "../../api/index.ts";
import { runId, type Run } from "../../decide/index.ts";
import { childMetadata, type ChildObject } from "../objects.ts";
import { podTemplate } from "./pod-template.ts";

export function statefulSet(dataflow: Dataflow, run: Run, replicas: number, processes: number): ChildObject {
  const { name } = dataflow.metadata;
  const metadata = childMetadata(dataflow, childNames.statefulSet(name));
  const object = {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { ...metadata, annotations: { [annotations.run]: runId(run), [annotations.specHash]: run.revision.hash } },
    spec: {
      replicas,
      serviceName: childNames.service(name),
      podManagementPolicy: "Parallel",
      updateStrategy: { type: "OnDelete" },
      revisionHistoryLimit: 2,
      selector: { matchLabels: { [labels.dataflow]: name, [labels.component]: "worker" } },
      template: podTemplate(name, run, processes),
    },
  } satisfies V1StatefulSet;
  return object as unknown as ChildObject;
}
