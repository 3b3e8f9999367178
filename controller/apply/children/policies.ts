/** What others may do to the pods: take one away at a time, and (where asked for) talk to them. */
import { childNames, labels, ports, type Dataflow } from "../../api/index.ts";
import { childMetadata, type ChildObject } from "../objects.ts";

/** One lost pod stops the flow's progress until it is back, so pods are evicted one by one. */
export function disruptionBudget(dataflow: Dataflow): ChildObject {
  const { name } = dataflow.metadata;
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: childMetadata(dataflow, childNames.disruptionBudget(name)),
    spec: { maxUnavailable: 1, selector: { matchLabels: { [labels.dataflow]: name, [labels.component]: "worker" } } },
  };
}

/** The mesh is for the flow's own pods; the HTTP port stays open for probes, metrics and the controller. */
export function networkPolicy(dataflow: Dataflow): ChildObject {
  const { name } = dataflow.metadata;
  const own = { matchLabels: { [labels.dataflow]: name, [labels.component]: "worker" } };
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: childMetadata(dataflow, childNames.networkPolicy(name)),
    spec: {
      podSelector: own,
      policyTypes: ["Ingress"],
      ingress: [
        { from: [{ podSelector: own }], ports: [{ protocol: "TCP", port: ports.mesh }] },
        { ports: [{ protocol: "TCP", port: ports.http }] },
      ],
    },
  };
}
