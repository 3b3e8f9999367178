/** Gives each pod its address in the mesh, before it is ready: processes find each other in order to become ready. */
import { childNames, labels, ports, type Dataflow } from "../../api/index.ts";
import { childMetadata, type ChildObject } from "../objects.ts";

export function service(dataflow: Dataflow): ChildObject {
  const { name } = dataflow.metadata;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: childMetadata(dataflow, childNames.service(name)),
    spec: {
      clusterIP: "None",
      publishNotReadyAddresses: true,
      selector: { [labels.dataflow]: name, [labels.component]: "worker" },
      ports: [
        { name: "http", port: ports.http, targetPort: ports.http, protocol: "TCP" },
        { name: "mesh", port: ports.mesh, targetPort: ports.mesh, protocol: "TCP" },
      ],
    },
  };
}
